"use strict";
/* Parallel coordinates in SVG. Colours come from page.css, so light, dark and print need nothing here. */
const drawParallel = (box, figure) => {
  const NS = "http://www.w3.org/2000/svg";
  const TOP = 50, FLOOR = 34, SIDE = 52; /* room for names, for inactive values, for the outer axes */
  const { axes, strength, names } = figure.parallel;
  const LEFT = Math.max(SIDE, 12 + 6.2 * Math.max(...axes[0].ticks.map(([, text]) => text.length)));
  const brushes = new Map(); /* axis -> [low, high], 0 bottom to 1 top */
  const status = document.createElement("output");
  status.className = "picked";
  status.setAttribute("aria-live", "polite");
  box.querySelector(".scroll-x").before(status);

  const make = (tag, attributes, parent, text) => {
    const element = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };

  const plot = box.querySelector(".plot");
  plot.removeAttribute("role"); /* its axes can be reached one by one */
  const svg = make("svg", { class: "parallel", role: "group", "aria-label": plot.getAttribute("aria-label") }, plot);
  plot.removeAttribute("aria-label");
  let lines = [];

  const pick = () => {
    let count = 0;
    lines.forEach((line, i) => {
      let keep = true;
      for (const [axis, [low, high]] of brushes) {
        const place = axes[axis].places[i];
        keep = keep && place !== null && place >= low && place <= high;
      }
      line.classList.toggle("out", !keep);
      count += keep;
    });
    const { count: number, text: spelled } = readersNumbers;
    const best = lines.length - 1 - [...lines].reverse().findIndex((line) => !line.classList.contains("out"));
    status.textContent = brushes.size === 0 ? "" :
      `${number(count)} of ${number(lines.length)} trials` + (count ? `; the best of them ${spelled(names[best])}` : "");
  };

  const layOut = () => {
    const width = plot.clientWidth, height = plot.clientHeight;
    if (!width) return;
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const bottom = height - FLOOR;
    const gap = (width - LEFT - SIDE) / Math.max(1, axes.length - 1);
    const x = (axis) => LEFT + axis * gap;
    const y = (place) => (place === null ? height - 10 : bottom - place * (bottom - TOP));

    const all = make("g", { class: names.length > 200 ? "lines many" : "lines" }, svg);
    lines = names.map((name, i) => {
      const points = axes.map((axis, a) => `${x(a).toFixed(1)},${y(axis.places[i]).toFixed(1)}`);
      const shade = [0.25, 0.5, 0.8, 0.95].filter((limit) => strength[i] >= limit).length;
      const line = make("path", { d: `M${points.join("L")}`, class: `shade${shade}` }, all);
      make("title", {}, line, readersNumbers.text(name));
      return line;
    });

    axes.forEach((axis, a) => {
      const group = make("g", {
        class: "axis", tabindex: 0, role: "group",
        "aria-label": `${axis.title}: arrow keys choose a range, with shift they widen it, escape lets go`,
      }, svg);
      make("title", {}, group, axis.title);
      make("line", { x1: x(a), x2: x(a), y1: TOP, y2: bottom }, group);
      const raised = a % 2 && gap < 120 ? 18 : 0;
      const anchor = a === 0 ? "start" : a === axes.length - 1 ? "end" : "middle";
      const edge = a === 0 ? x(a) - LEFT + 4 : a === axes.length - 1 ? x(a) + SIDE - 4 : x(a);
      make("text", { x: edge, y: TOP - 14 - raised, class: "name", "text-anchor": anchor }, group, axis.label);
      for (const [place, text] of axis.ticks) {
        make("line", { x1: x(a) - 4, x2: x(a), y1: y(place), y2: y(place) }, group);
        make("text", { x: x(a) - 7, y: y(place), dy: ".33em", "text-anchor": "end", class: "tick" }, group, readersNumbers.text(text));
      }
      if (axis.places.includes(null)) {
        make("text", { x: x(a), y: height - 1, "text-anchor": "middle", class: "tick" }, group, "inactive");
      }
      const brush = make("rect", { class: "brush", x: x(a) - 9, width: 18, y: TOP, height: 0 }, group);
      const handle = make("rect", { class: "handle", x: x(a) - 16, width: 32, y: TOP - 8, height: bottom - TOP + 16 }, group);

      const show = () => {
        const range = brushes.get(a);
        brush.setAttribute("y", range ? y(range[1]) : TOP);
        brush.setAttribute("height", range ? y(range[0]) - y(range[1]) : 0);
      };
      const choose = (low, high) => {
        brushes.set(a, [Math.max(0, low), Math.min(1, high)]);
        show();
        pick();
      };
      const letGo = () => { brushes.delete(a); show(); pick(); };
      show();

      let from = null;
      const at = (event) => {
        const frame = svg.getBoundingClientRect();
        return Math.min(1, Math.max(0, (bottom - (event.clientY - frame.top) * (height / frame.height)) / (bottom - TOP)));
      };
      handle.addEventListener("pointerdown", (event) => { from = at(event); handle.setPointerCapture(event.pointerId); });
      handle.addEventListener("pointermove", (event) => {
        if (from !== null && Math.abs(at(event) - from) > 0.01) choose(Math.min(from, at(event)), Math.max(from, at(event)));
      });
      handle.addEventListener("pointerup", (event) => {
        if (from !== null && Math.abs(at(event) - from) <= 0.01) letGo();
        from = null;
      });
      group.addEventListener("keydown", (event) => {
        const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
        if (event.key === "Escape") letGo();
        else if (step) {
          const [low, high] = brushes.get(a) || (step > 0 ? [0, 0.25] : [0.75, 1]);
          if (!brushes.has(a)) choose(low, high);
          else if (event.shiftKey) choose(low, Math.max(low + 0.05, high + step));
          else if (low + step > -0.001 && high + step < 1.001) choose(low + step, high + step);
          event.preventDefault();
        }
      });
    });
    pick();
  };
  new ResizeObserver(layOut).observe(plot);
  layOut();
};
