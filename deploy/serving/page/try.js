"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId("record"), fields = byId("fields"), answer = byId("answer");
  let schema = null;

  const digits = (value) => (typeof value === "number" ? Number(value.toPrecision(4)).toLocaleString(undefined, { useGrouping: Math.abs(value) >= 10000 }) : String(value));
  const share = (value) => `${(100 * value).toFixed(1)} %`;

  const field = (column, index) => {
    const id = `field-${index}`;
    const box = made("div", null, { class: "field" });
    box.append(made("label", column.name, { for: id }));
    let input;
    if (column.kind === "category" && column.labels.length) {
      input = made("select", null, { id });
      if (column.nullable) input.append(made("option", "(missing)", { value: "" }));
      column.labels.forEach((label, i) => input.append(made("option", label, { value: String(i) })));
    } else if (column.kind === "number") {
      input = made("input", null, { id, type: "text", inputmode: "decimal", autocomplete: "off" });
    } else {
      input = made("textarea", null, { id, rows: column.kind === "text" ? "3" : "1" });
    }
    input.dataset.column = String(index);
    box.append(input);
    if (column.low !== null && column.high !== null) {
      box.append(made("p", `${digits(column.low)} to ${digits(column.high)} in training${column.nullable ? "; may be empty" : ""}`, { class: "hint" }));
    } else if (column.nullable) {
      box.append(made("p", "may be empty", { class: "hint" }));
    }
    box.append(made("p", null, { class: "fault", hidden: "", id: `${id}-fault` }));
    return box;
  };

  const fill = () => {
    for (const input of fields.querySelectorAll("[data-column]")) {
      const column = isWhole() ? null : schema.columns[Number(input.dataset.column)];
      const value = column ? schema.example[column.name] : schema.example;
      if (input.type === "file") continue;
      if (input.tagName === "SELECT") {
        const at = column.labels.indexOf(String(value));
        input.value = at < 0 ? "" : String(at);
      } else {
        input.value = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
      }
    }
  };

  const valueOf = (input, column) => {
    const text = input.value;
    if (column.kind === "category" && column.labels.length) return text === "" ? null : column.labels[Number(text)];
    if (column.kind !== "number") return text === "" && column.nullable ? null : text;
    const trimmed = text.trim();
    if (trimmed === "") return null;
    const number = Number(trimmed);
    return Number.isFinite(number) ? number : trimmed; /* the server says what is wrong with it */
  };

  /* A table's record is a field for each column; everything else is one field: a text, a picture's file, or JSON. */
  const isWhole = () => !schema.columns.length || schema.window > 0;
  const wholeField = () => {
    if (schema.modality === "images") {
      const box = field({ name: `picture, ${schema.shape.slice(0, 2).join(" × ")} pixels (others are brought to that size)`, kind: "text", nullable: false, low: null, high: null, labels: [] }, 0);
      const input = made("input", null, { id: "field-0", type: "file", accept: "image/*", "data-column": "0" });
      input.addEventListener("change", () => {
        const reader = new FileReader();
        reader.addEventListener("load", () => { input.dataset.picture = reader.result; });
        if (input.files.length) reader.readAsDataURL(input.files[0]);
      });
      box.querySelector("textarea").replaceWith(input);
      return box;
    }
    const name = schema.modality === "text" ? "text" : schema.window ? `the last ${schema.window} steps, as JSON` : `series as JSON, ${schema.shape.join(" × ")}`;
    return field({ name, kind: "text", nullable: false, low: null, high: null, labels: [] }, 0);
  };

  const record = () => {
    const inputs = [...fields.querySelectorAll("[data-column]")];
    if (!isWhole()) {
      return Object.fromEntries(inputs.map((input) => {
        const column = schema.columns[Number(input.dataset.column)];
        return [column.name, valueOf(input, column)];
      }));
    }
    if (schema.modality === "images") return inputs[0].dataset.picture || "";
    if (schema.modality === "text") return inputs[0].value;
    try {
      return JSON.parse(inputs[0].value);
    } catch {
      return inputs[0].value;
    }
  };

  const markFaults = (faults) => {
    for (const input of fields.querySelectorAll("[data-column]")) {
      const column = isWhole() ? null : schema.columns[Number(input.dataset.column)];
      const fault = faults.find((each) => !column || each.field === column.name);
      const place = byId(`${input.id}-fault`);
      place.hidden = !fault;
      place.textContent = fault ? fault.rule : "";
      if (fault) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  };

  const meter = (part) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "meter");
    svg.setAttribute("viewBox", "0 0 100 6");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    bar.setAttribute("width", String(Math.max(0, Math.min(100, 100 * part))));
    bar.setAttribute("height", "6");
    svg.append(bar);
    return svg;
  };

  const tableOf = (titles, rows) => {
    const table = made("table");
    const head = made("tr");
    titles.forEach(([title, numeric]) => head.append(made("th", title, { scope: "col", ...(numeric ? { class: "num" } : {}) })));
    const top = made("thead");
    top.append(head);
    const body = made("tbody");
    for (const cells of rows) {
      const row = made("tr");
      cells.forEach((cell, i) => {
        const box = made(i ? "td" : "th", cell instanceof Node ? null : cell, titles[i][1] ? { class: "num" } : {});
        if (cell instanceof Node) box.append(cell);
        row.append(box);
      });
      body.append(row);
    }
    table.append(top, body);
    const box = made("div", null, { class: "table-box" });
    box.append(table);
    return box;
  };

  const showPrediction = (told) => {
    answer.replaceChildren();
    if ("label" in told) {
      answer.append(made("p", told.label, { class: "big", id: "label" }));
      const rows = Object.entries(told.probabilities).sort((a, b) => b[1] - a[1]);
      answer.append(tableOf([["class"], ["", false], ["probability", true]], rows.map(([name, part]) => [name, meter(part), share(part)])));
    } else {
      const values = Array.isArray(told.value) ? told.value : [told.value];
      answer.append(made("p", values.map(digits).join(", "), { class: "big", id: "label" }));
      if (schema.target) answer.append(made("p", schema.target, { class: "hint" }));
    }
  };

  const showExplanation = (told) => {
    const only = told.explanations[0];
    showPrediction(only.prediction);
    answer.append(made("h3", `What the ${only.of} owes to each field`));
    answer.append(made("p", told.method, { class: "hint" }));
    const spelled = (value) => (value === null ? "missing" : digits(value));
    answer.append(tableOf(
      [["field"], ["here"], ["typical"], ["difference", true]],
      only.differences.map((each) => [each.field, spelled(each.value), spelled(each.typical), `${each.difference > 0 ? "+" : ""}${digits(each.difference)}`]),
    ));
  };

  const send = async (path, show) => {
    const told = await asking.ask(path, record());
    if (told === null) return;
    markFaults(told.refused?.faults || []);
    if (told.refused) answer.replaceChildren(made("p", "No answer: see what is wrong with the record.", { class: "empty" }));
    else {
      show(told);
      answer.append(made("p", `version ${told.version} · request ${told.request}`, { class: "small" }));
    }
    document.documentElement.dataset.answered = String(Number(document.documentElement.dataset.answered || 0) + 1);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send("/predict", (told) => showPrediction(told.predictions[0]));
  });
  byId("explain").addEventListener("click", () => send("/explain", showExplanation));
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    markFaults([]);
    fill();
  });

  asking.begin(async () => {
    const told = await asking.ask("/schema");
    if (!told || told.refused) return;
    schema = told;
    byId("name").textContent = schema.model;
    document.title = `${schema.model} · tuneyard`;
    byId("about").textContent = `${schema.model}, version ${schema.version}: ${schema.task}${schema.target ? ` of ${schema.target}` : ""}`;
    fields.replaceChildren(...(isWhole() ? [wholeField()] : schema.columns.map(field)));
    byId("explain").hidden = schema.window > 0;
    fill();
    form.hidden = false;
    document.documentElement.dataset.ready = "true";
  });
})();
