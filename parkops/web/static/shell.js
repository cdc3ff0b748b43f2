/* The frame: menu, drawer, global search, toasts, dialogs, and `PK.api` for all scripts. No language is hard-coded here. */
(function () {
  "use strict";
  const texts = JSON.parse(document.getElementById("pk-texts")?.textContent || "{}");
  const $ = (sel, root) => (root || document).querySelector(sel);

  function T(key, values) {
    return (texts[key] || key).replace(/\{(\w+)\}/g, (_m, name) => (values && name in values ? values[name] : ""));
  }
  function el(tag, attrs, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attrs || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (key === "class") node.className = value;
      else node.setAttribute(key, value === true ? "" : value);
    }
    for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) node.append(child);
    return node;
  }
  const csrf = () => $('meta[name="csrf-token"]')?.content || "";

  class ApiError extends Error {
    constructor(status, body) { super((body && body.message) || T("failed")); this.status = status; this.body = body || {}; }
  }
  async function api(method, url, body, options) {
    let response;
    const headers = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" };
    if (method !== "GET") { headers["X-CSRFToken"] = csrf(); headers["Content-Type"] = "application/json"; }
    try {
      response = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin", signal: options && options.signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, null);
    }
    if (options && options.raw && response.ok && response.status !== 202) return response;
    let json = null;
    try { json = await response.json(); } catch (error) { json = null; }
    if (response.status === 401) throw new ApiError(401, { message: T("signed_out") });
    if (!response.ok) throw new ApiError(response.status, json);
    return json;
  }
  function toast(message, kind) {
    const box = el("div", { class: "pk-toast" + (kind ? " pk-toast-" + kind : "") }, message);
    $("#toasts")?.append(box);
    setTimeout(() => box.remove(), kind === "danger" ? 9000 : 4500);
  }
  /* dialog({title, body: Node|string, ok, danger, check}) resolves to the form's values or null. */
  function dialog(options) {
    return new Promise((resolve) => {
      const problem = el("p", { class: "pk-problem", hidden: true });
      const form = el("form", { method: "dialog", novalidate: true });
      const ok = el("button", { class: "btn " + (options.danger ? "btn-danger" : "btn-primary"), value: "ok" }, options.ok || T("ok"));
      const cancel = el("button", { class: "btn", type: "button", onclick: () => box.close("") }, T("cancel"));
      form.append(el("h2", {}, options.title), typeof options.body === "string" ? el("p", {}, options.body) : options.body || "", problem,
        el("div", { class: "pk-dialog-buttons" }, cancel, ok));
      const box = el("dialog", { class: "pk-dialog" }, form);
      let result = null;
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        ok.disabled = true;
        try { result = options.run ? await options.run(form) : new FormData(form); box.close("ok"); } catch (error) {
          problem.hidden = false; problem.textContent = error.message;
        } finally { ok.disabled = false; }
      });
      box.addEventListener("close", () => { box.remove(); resolve(result); });
      document.body.append(box);
      box.showModal();
      ($("input:not([type=hidden]),select,textarea", form) || ok).focus();
      PK.dress?.(form);
      if (options.opened) options.opened(form);
    });
  }
  const selectPlugins = (select) => select.multiple ? { remove_button: { title: T("remove") } } : { clear_button: { title: T("clear") } };
  /* Remote selects: <select data-choices="/api/v1/…/_choices"> */
  function remoteSelects(root) {
    if (!window.TomSelect) return;
    for (const select of (root || document).querySelectorAll("select[data-choices]:not(.tomselected)")) {
      new window.TomSelect(select, {
        valueField: "id", labelField: "label", searchField: [], maxOptions: 30, preload: "focus", plugins: selectPlugins(select),
        load: (text, done) => api("GET", select.dataset.choices + (select.dataset.choices.includes("?") ? "&" : "?") + "text=" + encodeURIComponent(text)).then((a) => done(a.rows)).catch(() => done()),
        render: { no_results: () => el("div", { class: "no-results" }, T("no_results")), loading: () => el("div", { class: "no-results" }, T("loading")) }
      });
    }
  }
  /* the active tab of a bar that scrolls sideways comes to its middle */
  function centre(bar) { const tab = $(".active", bar); if (tab) bar.scrollLeft += tab.getBoundingClientRect().left - bar.getBoundingClientRect().left - (bar.clientWidth - tab.offsetWidth) / 2; }
  window.PK = { T, centre, el, api, toast, dialog, remoteSelects, selectPlugins, ApiError, csrf };
  window.T = T;

  const store = { get(key) { try { return localStorage.getItem(key); } catch (e) { return null; } }, set(key, value) { try { localStorage.setItem(key, value); } catch (e) { /* private mode */ } } };
  const root = document.documentElement;
  document.addEventListener("click", (event) => {
    const at = event.target.closest("[data-narrow],[data-drawer],[data-drawer-close],[data-dismiss-flash]");
    if (!at) return;
    if (at.matches("[data-narrow]")) { root.classList.toggle("pk-narrow"); store.set("pk.narrow", root.classList.contains("pk-narrow") ? "1" : "0"); at.blur(); }
    else if (at.matches("[data-drawer]")) root.classList.toggle("pk-drawer");
    else if (at.matches("[data-drawer-close]")) root.classList.remove("pk-drawer");
    else at.closest(".pk-flash").remove();
  });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-submit]")) event.target.form.submit(); });
  document.addEventListener("submit", async (event) => {
    const text = event.target.dataset && event.target.dataset.confirm;
    if (!text || event.target.dataset.confirmed) return;
    event.preventDefault();
    const submitter = event.submitter;
    if (await dialog({ title: T("confirm"), body: text, danger: event.target.hasAttribute("data-danger") })) {
      event.target.dataset.confirmed = "1";
      event.target.requestSubmit(submitter && submitter.form === event.target ? submitter : undefined);
    }
  });
  /* one module of the menu is open at a time; its parts as they were left */
  const groups = [...document.querySelectorAll(".pk-nav-group")], parts = new Set((store.get("pk.menu.parts") || "").split(",").filter(Boolean));
  const kept = groups.find((g) => g.dataset.group === store.get("pk.menu"));
  if (kept && !groups.some((g) => g.open)) kept.open = true;
  for (const group of groups) group.addEventListener("toggle", () => { if (group.open) store.set("pk.menu", group.dataset.group); else if (store.get("pk.menu") === group.dataset.group) store.set("pk.menu", ""); });
  for (const part of document.querySelectorAll(".pk-nav-part")) {
    if (parts.has(part.dataset.part)) part.open = true;
    part.firstElementChild.addEventListener("click", () => { parts[part.open ? "delete" : "add"](part.dataset.part); store.set("pk.menu.parts", [...parts].join(",")); });
  }
  const nav = $(".pk-nav"), here = $(".pk-nav-item.active");  // scrollIntoView would move the page as well
  if (here && here.offsetTop + here.offsetHeight > nav.scrollTop + nav.clientHeight) nav.scrollTop = here.offsetTop - nav.clientHeight / 2;
  if ($(".rec-tabs")) centre($(".rec-tabs"));

  /* global search */
  const box = $("#global-search"), results = $("#global-results");
  if (box && results) {
    let timer = null, running = null, active = -1;
    const links = () => [...results.querySelectorAll("a")];
    const hide = () => { results.hidden = true; active = -1; };
    const mark = (n) => { const all = links(); active = (n + all.length) % (all.length || 1); all.forEach((a, i) => a.classList.toggle("active", i === active)); all[active]?.scrollIntoView({ block: "nearest" }); };
    async function look() {
      const text = box.value.trim();
      if (running) running.abort();
      if (!text) return hide();
      running = new AbortController();
      try {
        const answer = await api("GET", "/api/v1/me/search?text=" + encodeURIComponent(text), undefined, { signal: running.signal });
        results.replaceChildren(...answer.rows.map((hit) => el("a", { href: hit.url }, el("span", {}, hit.label), hit.detail ? el("span", { class: "pk-muted" }, hit.detail) : null, el("small", {}, hit.kind))));
        results.append(answer.rows.length ? el("a", { href: "/search?text=" + encodeURIComponent(text), class: "pk-muted" }, T("see_all", { text })) : el("p", {}, T("no_results")));
        results.hidden = false; active = -1;
      } catch (error) { if (error.name !== "AbortError") hide(); }
    }
    box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 180); });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { hide(); box.blur(); }
      if (results.hidden) return;
      if (event.key === "ArrowDown") { event.preventDefault(); mark(active + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); mark(active - 1); }
      if (event.key === "Enter" && active >= 0) { event.preventDefault(); location.assign(links()[active].href); }
    });
    document.addEventListener("click", (event) => { if (!event.target.closest(".pk-search")) hide(); });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input,textarea,select,[contenteditable],dialog");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); box.focus(); box.select(); }
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") root.classList.remove("pk-drawer"); });
  document.addEventListener("change", (event) => {
    const input = event.target.closest?.("[data-file] input[type=file]");
    if (!input) return;
    const shown = input.parentElement.querySelector("[data-file-name]"), files = [...input.files];
    shown.dataset.none ??= shown.textContent;
    shown.textContent = !files.length ? shown.dataset.none : files.length === 1 ? files[0].name : shown.dataset.many.replace("{n}", files.length);
    shown.title = files.map((f) => f.name).join(", ");
  });
  /* on the phone these tables are read downwards: each cell says which column it belongs to */
  for (const table of document.querySelectorAll("table.pk-stack")) {
    const heads = [...table.querySelectorAll("thead th")].map((th) => th.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr")) [...row.children].forEach((cell, i) => { if (i && cell.tagName === "TD") cell.dataset.label = heads[i] || ""; });
  }
  remoteSelects(document);
})();
