/* Days as people here write them, whatever the browser's language: 2026-11-22, typed loosely or picked; amounts with
   thousands separators while nobody types in them. Phones keep their own date wheel. */
(() => {
  "use strict";
  const SIGNS = { date: "2026-11-22", month: "2026-11", "datetime-local": "2026-11-22 14:30" };
  const two = (n) => String(n).padStart(2, "0");
  const iso = (d) => d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate());

  /* "20261122", "2026.1.2", "2026年1月2日", "11-22" (this year), "0" or "t" (today), "+7" -> ISO; anything else stays as typed */
  function day(raw) {
    const text = raw.normalize("NFKC").trim().replace(/[年月./]/g, "-").replace(/日/g, ""), now = new Date();
    let m;
    if (/^(t|0)$/i.test(text)) return iso(now);
    if ((m = /^([+-]\d{1,4})$/.exec(text))) return iso(new Date(now.getFullYear(), now.getMonth(), now.getDate() + +m[1]));
    if ((m = /^(\d{4})(\d{2})(\d{2})$/.exec(text)) || (m = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text))) return m[1] + "-" + two(m[2]) + "-" + two(m[3]);
    if ((m = /^(\d{1,2})-(\d{1,2})$/.exec(text))) return now.getFullYear() + "-" + two(m[1]) + "-" + two(m[2]);
    return raw.trim();
  }
  function month(raw) {
    const text = raw.normalize("NFKC").trim().replace(/[年./]/g, "-").replace(/月/g, ""), m = /^(\d{4})-?(\d{1,2})$/.exec(text);
    return m ? m[1] + "-" + two(m[2]) : raw.trim();
  }
  const READ = { date: day, month, "datetime-local": (raw) => raw.trim().replace("T", " ") };

  function step(input, by) {
    const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day(input.value || "0"));
    if (m) { input.value = iso(new Date(+m[1], m[2] - 1, +m[3] + by)); input.dispatchEvent(new Event("change", { bubbles: true })); }
  }
  function dress(input) {
    const kind = input.type, native = document.createElement("input"), button = document.createElement("button"), box = document.createElement("span");
    input.type = "text"; input.dataset.day = kind; input.placeholder ||= SIGNS[kind]; input.autocomplete = "off"; input.maxLength = 20;
    input.value = READ[kind](input.value);
    native.type = kind; native.tabIndex = -1; native.className = "pk-date-native"; native.setAttribute("aria-hidden", "true");
    button.type = "button"; button.tabIndex = -1; button.title = PK.T("calendar"); button.setAttribute("aria-label", PK.T("calendar"));
    button.innerHTML = '<svg class="icon" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" aria-hidden="true"><path d="M4 6h16v14H4zM4 10h16M8 3v4M16 3v4"/></svg>';
    box.className = "pk-date"; box.style.width = input.style.width;
    input.before(box); box.append(input, button, native);
    button.addEventListener("click", () => { native.value = READ[kind](input.value).replace(" ", "T"); try { native.showPicker(); } catch (error) { input.focus(); } });
    native.addEventListener("change", () => { input.value = READ[kind](native.value); input.dispatchEvent(new Event("change", { bubbles: true })); input.focus(); });
    input.addEventListener("blur", () => { input.value = READ[kind](input.value); });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") input.value = READ[kind](input.value);
      if (kind !== "date" || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      event.preventDefault(); step(input, event.key === "ArrowUp" ? 1 : -1);
    });
    input.form?.addEventListener("formdata", (event) => { if (input.name) event.formData.set(input.name, READ[kind](input.value)); });
  }
  const bare = (text) => text.replace(/[,，]/g, "");
  const grouped = (text) => (/^[+-]?\d{4,}(\.\d*)?$/.test(text) ? text.replace(/\B(?=(\d{3})+(?!\d)(?=\.|$))|\B(?=(\d{3})+\.)/g, ",") : text);
  function amount(input) {
    input.dataset.dressed = "1";
    input.value = grouped(input.value);
    input.addEventListener("focus", () => { input.value = bare(input.value); });
    input.addEventListener("blur", () => { input.value = grouped(bare(input.value)); });
    input.form?.addEventListener("formdata", (event) => { if (input.name) event.formData.set(input.name, bare(input.value)); });
  }
  function dressAll(root) {
    root.querySelectorAll("input[data-amount]:not([data-dressed])").forEach(amount);
    if (matchMedia("(pointer: coarse)").matches) return;
    root.querySelectorAll("input:is([type=date],[type=month],[type=datetime-local]):not(.pk-date-native)").forEach(dress);
  }
  window.PK.dress = dressAll;
  window.PK.readDay = day;
  window.PK.grouped = grouped;
  dressAll(document);
})();
