"use strict";
/* Every table with a head and more than one row: sorted by its headings, which are buttons; filtered by text from ten rows on. */
const liveTables = (() => {
  const MANY = 10;

  const keyOf = (cell) => {
    if ("v" in cell.dataset) return cell.dataset.v === "" ? null : Number(cell.dataset.v);
    const text = cell.textContent.trim();
    if (!cell.classList.contains("num")) return text.toLowerCase();
    const found = /^[<>]?\s*([-−]?[\d,]*\.?\d+(?:e[-+]\d+)?)/.exec(text);
    return found ? Number(found[1].replaceAll(",", "").replace("−", "-")) : null;
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number"
    ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));

  const sorted = (table, rows) => {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const keys = new Map(rows.map((row) => [row, [...row.cells].map(keyOf)]));
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      if (!head.querySelector("button")) {
        const button = document.createElement("button");
        button.type = "button";
        button.append(...head.childNodes);
        head.append(button);
      }
      head.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const at = (row) => { const key = keys.get(row)[column]; return key === undefined || key === "" ? null : key; };
        const keyed = rows.map((row) => [at(row), row]);
        keyed.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : (up ? 1 : -1) * compare(a, b)));
        body.append(...keyed.map(([, row]) => row));
      });
    });
  };

  const filtered = (rows, bar) => {
    const text = bar.querySelector("input");
    const state = bar.querySelector("select");
    const shown = bar.querySelector("output");
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const filter = () => {
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const said = texts.get(row), seen = row.textContent.toLowerCase(); /* as written, and as the reader sees it */
        const keep = (!state || !state.value || row.dataset.state === state.value) &&
          words.every((word) => said.includes(word) || seen.includes(word));
        row.hidden = !keep;
        count += keep;
      }
      const { count: spelled } = readersNumbers;
      shown.textContent = count === rows.length ? "" : `${spelled(count)} of ${spelled(rows.length)}`;
    };
    text.addEventListener("input", filter);
    if (state) state.addEventListener("change", filter);
    bar.hidden = false;
  };

  const barFor = (table) => {
    const box = table.closest(".table-box") || table;
    if (box.previousElementSibling?.classList.contains("filters")) return box.previousElementSibling;
    const bar = document.createElement("div");
    bar.className = "filters";
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "search";
    input.autocomplete = "off";
    input.spellcheck = false;
    label.append("Filter ", input);
    const output = document.createElement("output");
    output.setAttribute("aria-live", "polite");
    bar.append(label, output);
    box.before(bar);
    return bar;
  };

  return () => {
    for (const table of document.querySelectorAll("main table")) {
      if (!table.tHead || !table.tBodies[0] || table.tBodies[0].rows.length < 2) continue;
      const rows = [...table.tBodies[0].rows];
      sorted(table, rows);
      if (rows.length >= MANY || table.id === "board") filtered(rows, barFor(table));
    }
  };
})();
