/* Import wizard: drag and drop, and progress of a running import. */
(() => {
  "use strict";
  document.querySelectorAll("[data-drop]").forEach((zone) => {
    const input = zone.querySelector("input[type=file]");
    ["dragenter", "dragover"].forEach((name) => zone.addEventListener(name, (e) => { e.preventDefault(); zone.classList.add("imp-over"); }));
    ["dragleave", "drop"].forEach((name) => zone.addEventListener(name, (e) => { e.preventDefault(); zone.classList.remove("imp-over"); }));
    zone.addEventListener("drop", (e) => { if (e.dataTransfer.files.length !== 1) return; input.files = e.dataTransfer.files; input.dispatchEvent(new Event("change", { bubbles: true })); });
  });
  const running = document.querySelector("[data-progress]");
  if (!running) return;
  const bar = running.querySelector("progress"), done = running.querySelector("[data-done]");
  const poll = () => fetch(running.dataset.progress, { headers: { Accept: "application/json" }, credentials: "same-origin" })
    .then((r) => (r.ok ? r.json() : Promise.reject(r.status)))
    .then((s) => {
      if (s.finished) { window.location.reload(); return; }
      bar.max = s.total || 1; bar.value = s.progress; done.textContent = s.progress.toLocaleString("en-US");
      window.setTimeout(poll, 1000);
    })
    .catch(() => window.setTimeout(poll, 5000));
  window.setTimeout(poll, 1000);
})();
