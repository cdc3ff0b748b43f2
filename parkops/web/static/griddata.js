/* Values in the grid: exact decimal text in, readable text out, and what people type into a filter cell. No DOM here. */
(function () {
  "use strict";
  const UNITS = { yuan: 0, thousand: 3, ten_thousand: 4 };
  const NUMBERS = ["money", "int", "decimal", "percent", "area"];
  const DAYS = ["date", "datetime", "month"];

  /* Move the decimal point of an exact decimal text: shift("12.5", 4) is "125000", shift("12.5", -4) is "0.00125". */
  function shift(text, places) {
    const m = /^([+-]?)(\d*)\.?(\d*)$/.exec(String(text).trim());
    if (!m || !(m[2] || m[3])) return null;
    let whole = m[2], part = m[3];
    if (places >= 0) { part = part.padEnd(places, "0"); whole += part.slice(0, places); part = part.slice(places); }
    else { whole = whole.padStart(-places + 1, "0"); part = whole.slice(places) + part; whole = whole.slice(0, places); }
    whole = whole.replace(/^0+(?=\d)/, "") || "0";
    part = part.replace(/0+$/, "");
    return (m[1] === "-" ? "-" : "") + whole + (part ? "." + part : "");
  }
  /* Exact half-up rounding of a decimal text to `places`, with thousands separators. */
  function grouped(text, places) {
    const negative = text.startsWith("-");
    let [whole, part = ""] = text.replace(/^[+-]/, "").split(".");
    if (places !== null) {
      const up = (part[places] || "0") >= "5";
      let digits = (whole + part.slice(0, places).padEnd(places, "0"));
      if (up) digits = (BigInt(digits) + 1n).toString().padStart(digits.length, "0");
      whole = digits.slice(0, digits.length - places) || "0"; part = places ? digits.slice(-places) : "";
    }
    whole = whole.replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    const out = whole + (part ? "." + part : "");
    return negative && /[1-9]/.test(out) ? "-" + out : out;
  }
  function shown(column, value, unit) {
    if (value === null || value === undefined || value === "") return null;
    switch (column.fmt) {
      case "money": return column.personal ? value : grouped(shift(value, -UNITS[unit || "yuan"]), 2);
      case "area": return grouped(String(value), 2);
      case "percent": return grouped(shift(value, 2), 1) + "%";
      case "int": return grouped(String(value), 0);
      case "decimal": return grouped(String(value), null);
      case "bool": return value ? PK.T("yes") : PK.T("no");
      case "datetime": return String(value).slice(0, 16).replace("T", " ");
      default: return typeof value === "object" ? JSON.stringify(value) : String(value);
    }
  }
  const scaled = (column, text, unit) => column.fmt === "money" ? shift(text, UNITS[unit || "yuan"]) : column.fmt === "percent" ? shift(text.replace(/[%％]$/, ""), -2) : shift(text, 0);

  /* What was typed in a filter cell -> [op, value], null when empty, undefined when it makes no sense. */
  function typed(column, raw, unit) {
    const text = raw.trim();
    if (!text) return null;
    if (column.filter === "range") return range(column, text, unit);
    if (text.startsWith("=") && text.length > 1) return column.filter === "text" ? ["eq", text.slice(1).trim()] : ["contains", text.slice(1).trim()];
    if (text.startsWith("^") && text.length > 1 && column.filter === "text") return ["starts", text.slice(1).trim()];
    return ["contains", text];
  }
  function range(column, text, unit) {
    const days = DAYS.includes(column.fmt);
    const one = (part) => {
      const t = part.trim().replace(/[,，]/g, "");
      if (!days) return t === "" ? null : scaled(column, t, unit) ?? undefined;
      if (t === "") return null;
      const day = t.replace(/[./年]/g, "-").replace(/[月日]/g, (c) => (c === "月" ? "-" : "")).replace(/-$/, "");
      return /^(\d{4}(-\d{1,2}){0,2}|\d{4}[Qq][1-4]|@(today|month|year)([+-]\d+)?)$/.test(day) ? day : undefined;
    };
    const m = /^(>=|<=|>|<|≥|≤|!=|≠)?\s*(.+)$/.exec(text);
    if (!m[1] && /\.\.|~|～/.test(text)) {
      const [low, high] = text.split(/\.\.|~|～/).map(one);
      return low === undefined || high === undefined || (low === null && high === null) ? undefined : ["between", [low, high]];
    }
    const value = one(m[2]);
    if (value === undefined || value === null) return undefined;
    return [{ ">=": "gte", "≥": "gte", "<=": "lte", "≤": "lte", ">": "gt", "<": "lt", "!=": "ne", "≠": "ne" }[m[1]] || "eq", value];
  }
  /* The text that stands in a filter cell for [op, value]; null when the cell cannot show it (a chip does). */
  function cell(column, op, value, unit) {
    const back = (v) => v === null ? "" : column.fmt === "money" ? shift(v, -UNITS[unit || "yuan"]) : column.fmt === "percent" ? shift(v, 2) : String(v);
    if (column.filter === "range") {
      const sign = { eq: "", gte: ">=", lte: "<=", gt: ">", lt: "<", ne: "!=" }[op];
      if (op === "between") return back(value[0]) + ".." + back(value[1]);
      return sign === undefined ? null : sign + back(value);
    }
    if (op === "contains") return String(value);
    if (column.filter === "text" && (op === "eq" || op === "starts")) return (op === "eq" ? "=" : "^") + value;
    return null;
  }
  /* A filter value in words for a chip. */
  function words(column, op, value, unit, labels) {
    const one = (v) => {
      if (v === null) return "…";
      if (typeof v === "boolean") return PK.T(v ? "yes" : "no");
      const m = /^@(today|month|year|me)([+-]\d+)?$/.exec(String(v));
      if (m) return PK.T(m[1]) + (m[2] ? " " + m[2][0] + " " + (m[1] === "today" ? PK.T("days", { n: m[2].slice(1) }) : m[2].slice(1)) : "");
      if (column.choices) return column.choices.find((c) => c.code === v)?.label || String(v);
      if (column.filter === "ref" && op !== "contains") return labels[column.name + ":" + v] || "#" + v;
      return NUMBERS.includes(column.fmt) ? shown(column, String(v), unit) : String(v);
    };
    if (op === "empty" || op === "notempty") return PK.T(op === "empty" ? "empty" : "not_empty");
    const symbol = { eq: "=", ne: "≠", gt: ">", gte: "≥", lt: "<", lte: "≤" }[op] || PK.T(op);
    if (op === "between") return one(value[0]) + " – " + one(value[1]);
    return symbol + " " + (Array.isArray(value) ? value.map(one).join("、") : one(value));
  }
  /* How wide each column should be: its heading and the rows at hand decide, what was dragged stays. When all do not fit,
     texts give way down to their heading; dates and numbers never do. `list`: [{name, fmt, head, texts, own, width, pill}] */
  const LEAST = { date: 94, datetime: 138, month: 76, money: 104, area: 84, code: 100, choice: 84 };  // also when there are no rows
  const pen = document.createElement("canvas").getContext("2d");
  function measure(text, weight) { pen.font = weight + " 13px " + getComputedStyle(document.body).fontFamily; return Math.ceil(pen.measureText(String(text).slice(0, 60)).width); }
  function widths(list, room) {
    const soft = (c) => !c.own && !c.pill && c.fmt !== "code" && !NUMBERS.includes(c.fmt) && !DAYS.includes(c.fmt) && c.fmt !== "bool";
    const made = list.map((c) => {
      const head = measure(c.head, "600") + (NUMBERS.includes(c.fmt) ? 38 : 27), body = Math.max(0, ...c.texts.map((t) => measure(t, "400"))) + (c.pill ? 32 : NUMBERS.includes(c.fmt) ? 30 : 18);
      const cap = c.fmt === "text" || c.fmt === "longtext" ? Math.max(c.width || 0, 300) : 340;
      return { floor: Math.max(head, c.link ? 160 : 104), want: c.own || Math.max(head, c.pick ? Math.min(170, c.pick + 44) : 64, LEAST[c.fmt] || 0, Math.min(cap, body)) };
    });
    const over = made.reduce((sum, w) => sum + w.want, 0) - room;
    const spare = made.reduce((sum, w, i) => sum + (soft(list[i]) ? Math.max(0, w.want - w.floor) : 0), 0);
    const part = over > 0 && over <= spare ? over / spare : 0;
    return made.map((w, i) => soft(list[i]) ? Math.floor(w.want - part * Math.max(0, w.want - w.floor)) : w.want);
  }
  window.GridData = { widths, measure, UNITS, NUMBERS, DAYS, shift, grouped, shown, typed, cell, words };
})();
