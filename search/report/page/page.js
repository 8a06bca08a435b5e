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
    await Plotly.react(plot, coloured(view.data, style, false), layout, config);
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

  /* ---- the leaderboard: sort by a heading, filter by text and state ---- */
  const board = document.getElementById("board");
  if (!board) return;
  const body = board.tBodies[0];
  const rows = [...body.rows];
  const filters = document.querySelector(".filters");
  const text = document.getElementById("filter");
  const state = document.getElementById("filter-state");
  const shown = document.getElementById("filter-count");
  filters.hidden = false;

  const key = (row, column) => {
    const cell = row.cells[column];
    if ("v" in cell.dataset) return cell.dataset.v === "" ? null : Number(cell.dataset.v);
    return cell.textContent.trim().toLowerCase();
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
  const heads = [...board.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const keyed = rows.map((row) => [key(row, column), row]);
      keyed.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : (up ? 1 : -1) * compare(a, b)));
      body.append(...keyed.map(([, row]) => row));
    });
  });

  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const keep = (!state.value || row.dataset.state === state.value) && words.every((word) => texts.get(row).includes(word));
      row.hidden = !keep;
      count += keep;
    }
    shown.textContent = count === rows.length ? "" : `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
  };
  text.addEventListener("input", filter);
  state.addEventListener("change", filter);
})();
