"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  /* ---- figures: JSON with colours by name -> Plotly ---- */
  const block = document.getElementById("figure-data");
  const figures = block ? JSON.parse(block.textContent) : {};
  const config = {
    displaylogo: false,
    responsive: true,
    displayModeBar: "hover",
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
    showTips: false,
    showSendToCloud: false, // its button would offer to upload the figure
    plotlyServerURL: "",
  };

  const coloured = (value, style, isColour) => {
    if (typeof value === "string") {
      return isColour && value[0] === "@" ? style.getPropertyValue("--" + value.slice(1)).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => coloured(item, style, isColour));
    if (value && typeof value === "object") {
      const copy = {};
      for (const key of Object.keys(value)) {
        copy[key] = coloured(value[key], style, /color(scale)?$/.test(key));
      }
      return copy;
    }
    return value;
  };

  const draw = async (box) => {
    const plot = box.querySelector(".plot");
    const figure = figures[box.dataset.figure];
    if (figure.parallel) {
      if (!plot.firstChild) drawParallel(box, figure);
      return;
    }
    const view = figure.views[Number(box.dataset.view || 0)];
    const style = getComputedStyle(root);
    const layout = coloured(view.layout, style, false);
    for (const name of (box.dataset.log || "").split(" ").filter(Boolean)) {
      const { range, rangemode, tickformat, ...rest } = layout[name];
      layout[name] = { ...rest, type: "log", autorange: true };
      if (range && range[0] > 0) Object.assign(layout[name], { autorange: false, range: range.map(Math.log10) });
    }
    if (plot.clientWidth < 480) layout.margin = { ...layout.margin, l: Math.min(layout.margin.l, 48), r: 8 };
    const data = readersNumbers.inFigure(coloured(view.data, style, false), false);
    await Plotly.react(plot, data, readersNumbers.inFigure(layout, false), config);
  };

  const boxes = [...document.querySelectorAll("[data-figure]")];
  const drawAll = async () => {
    for (const box of boxes) {
      await draw(box);
      await new Promise((next) => setTimeout(next, 0));
    }
    root.dataset.drawn = String(boxes.length);
  };

  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button || !box.contains(button)) return;
      if (button.dataset.view) {
        box.dataset.view = button.dataset.view;
        for (const other of box.querySelectorAll("[data-view]")) {
          other.setAttribute("aria-pressed", String(other === button));
        }
      } else if (button.dataset.log) {
        const names = new Set((box.dataset.log || "").split(" ").filter(Boolean));
        const on = !names.delete(button.dataset.log);
        if (on) names.add(button.dataset.log);
        button.setAttribute("aria-pressed", String(on));
        box.dataset.log = [...names].join(" ");
      } else return;
      draw(box);
    });
  }
  drawAll();
  dark.addEventListener("change", () => boxes.forEach(draw));

  /* ---- print: light, and as wide as the paper ---- */
  addEventListener("beforeprint", () => {
    root.classList.add("paper");
    for (const box of boxes) {
      if (figures[box.dataset.figure].parallel) continue;
      const half = box.parentElement.classList.contains("grid");
      draw(box).then(() => Plotly.relayout(box.querySelector(".plot"), { width: half ? 320 : 670 }));
    }
  });
  addEventListener("afterprint", () => {
    root.classList.remove("paper");
    for (const box of boxes) {
      if (figures[box.dataset.figure].parallel) continue;
      Plotly.purge(box.querySelector(".plot"));
      draw(box);
    }
  });

  /* ---- tables keep what they sort by before the numbers in them are spelled for the reader ---- */
  liveTables();
  readersNumbers.inElement(document.querySelector("main"));
})();
