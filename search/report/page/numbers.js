"use strict";
/* Numbers in the reader's own format. The page is written with 1,234.5; what may be copied into a file stays so: code,
   configs, names and messages (everything in code, pre, bdi or .exact, unless a .words says that it is our own prose). */
const readersNumbers = (() => {
  const locale = navigator.language;
  const shared = new Intl.NumberFormat(locale);
  const parts = shared.formatToParts(1234567.5);
  const part = (type, other) => (parts.find((each) => each.type === type) || { value: other }).value;
  const same = shared.format(1234567.5) === "1,234,567.5";
  const formats = new Map(); /* decimals -> format */
  const spelled = (whole, decimals) => {
    const digits = decimals ? decimals.length : 0;
    if (!formats.has(digits)) {
      formats.set(digits, new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
    }
    return formats.get(digits).format(Number(whole.replaceAll(",", "") + (decimals ? "." + decimals : "")));
  };
  const NUMBER = /(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?=e[-+]\d|(?!\w|[.,]\d))/g;
  const text = (source) => (same ? source : source.replace(NUMBER, (found, whole, decimals) =>
    (decimals === undefined && !whole.includes(",")) || found.length > 15 ? found : spelled(whole, decimals)));
  const inElement = (root) => {
    if (same) return;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const shut = node.parentElement.closest("code, pre, script, style, option, .exact, .plot, bdi");
      if (shut && !(shut.matches("bdi") && shut.closest(".words"))) continue;
      const told = text(node.data);
      if (told !== node.data) node.data = told;
    }
  };
  /* Plotly: ticks by their own formatter, what we wrote ourselves (hover texts, labels) as above */
  const inFigure = (value, ours) => {
    if (same) return value;
    if (typeof value === "string") return ours ? text(value) : value;
    if (Array.isArray(value)) return value.map((item) => inFigure(item, ours));
    if (value && typeof value === "object") {
      const copy = {};
      for (const key of Object.keys(value)) copy[key] = inFigure(value[key], ["hovertext", "text", "ticktext"].includes(key));
      if ("separators" in copy) copy.separators = part("decimal", ".") + part("group", "");
      return copy;
    }
    return value;
  };
  return { text, inElement, inFigure, count: (value) => shared.format(value) };
})();
