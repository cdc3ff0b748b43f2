/* Forms: remote selects, unsaved-changes warning, one submit per form, focus on the summary. Texts come from the page. */
(() => {
  "use strict";
  const texts = JSON.parse(document.getElementById("pk-texts")?.textContent || "{}");

  const remote = (select) => {
    if (!window.TomSelect || select.tomselect) return;
    const url = select.dataset.remote;
    new window.TomSelect(select, {
      valueField: "id", labelField: "label", searchField: ["label"], maxOptions: 50, preload: "focus",
      plugins: window.PK.selectPlugins(select), allowEmptyOption: false,
      load(text, done) {
        fetch(url + (url.includes("?") ? "&" : "?") + "text=" + encodeURIComponent(text), { headers: { Accept: "application/json" }, credentials: "same-origin" })
          .then((r) => (r.ok ? r.json() : Promise.reject(r.status)))
          .then((body) => done((body.rows || []).map((c) => ({ id: String(c.id), label: c.label || c._label }))))
          .catch(() => done());
      },
      score: () => () => 1,
    });
  };

  const many = (select) => { if (window.TomSelect && !select.tomselect) new window.TomSelect(select, { plugins: window.PK.selectPlugins(select) }); };

  const setUp = (root) => {
    root.querySelectorAll("select[data-remote]").forEach(remote);
    root.querySelectorAll("select[data-many]").forEach(many);
    window.PK.dress?.(root);
  };

  const guard = (form) => {
    const before = () => new URLSearchParams([...new FormData(form)].filter(([, v]) => typeof v === "string")).toString();
    const start = before();
    let sent = false;
    form.addEventListener("submit", () => { sent = true; });
    window.addEventListener("beforeunload", (event) => {
      if (!sent && before() !== start) event.preventDefault();
    });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); form.requestSubmit(); }
    });
  };

  const once = (form) => {
    form.addEventListener("submit", (event) => {
      if (form.dataset.confirm && !form.dataset.confirmed) return;  // shell.js asks first and submits again
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      window.setTimeout(() => { delete form.dataset.sent; }, 10000);
    });
    window.addEventListener("pageshow", (event) => { if (event.persisted) delete form.dataset.sent; });
  };

  const start = () => {
    setUp(document);
    document.querySelectorAll("form[data-guard]").forEach(guard);
    document.querySelectorAll("form[data-once]").forEach(once);
    document.querySelector("[data-focus]")?.focus();
    document.querySelectorAll(".rec-field a[href^='#f-'], .alert a[href^='#f-']").forEach((link) => link.addEventListener("click", (event) => {
      const field = document.getElementById(link.hash.slice(1));
      if (field) { event.preventDefault(); (field.tomselect || field).focus(); }
    }));
  };

  window.parkopsForms = { setUp, texts };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
