/* Record page: copy, unmask, previous and next from the list one came from, files by drag. */
(() => {
  "use strict";
  const token = () => document.querySelector('meta[name="csrf-token"]')?.content || document.querySelector('input[name="csrf_token"]')?.value || "";

  const copy = (button) => button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(button.dataset.copy); } catch {
      const area = document.createElement("textarea");
      area.value = button.dataset.copy; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    const text = button.textContent;
    button.textContent = button.dataset.copied;
    window.setTimeout(() => { button.textContent = text; }, 1500);
  });

  const unmask = (button) => button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = await fetch(button.dataset.unmask, { method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": token(), Accept: "application/json" } });
    if (!answer.ok) { button.disabled = false; return; }
    button.parentElement.querySelector("[data-masked]").textContent = (await answer.json()).value ?? "—";
    button.remove();
  });

  const pager = (page) => {
    let kept;
    try { kept = JSON.parse(sessionStorage.getItem("parkops.list:" + page.dataset.record) || "null"); } catch { kept = null; }
    const ids = (kept?.ids || kept || []).map(String);
    const at = ids.indexOf(page.dataset.id);
    const bar = page.querySelector("[data-pager]");
    if (!bar || at < 0) return;
    bar.hidden = false;
    bar.querySelector("[data-position]").textContent = at + 1 + " / " + ids.length;
    const tab = new URLSearchParams(location.search).get("tab");
    for (const [name, id, key] of [["previous", ids[at - 1], "k"], ["next", ids[at + 1], "j"]]) {
      const link = bar.querySelector("[data-" + name + "]");
      if (id === undefined) { link.removeAttribute("href"); link.classList.add("disabled"); continue; }
      link.href = page.dataset.url + id + (tab ? "?tab=" + encodeURIComponent(tab) : "");
      document.addEventListener("keydown", (event) => {
        if (event.key === key && !event.ctrlKey && !event.metaKey && !event.target.closest("input,textarea,select,[contenteditable]")) link.click();
      });
    }
  };

  const drop = (form) => {
    const input = form.querySelector('input[type="file"]');
    for (const name of ["dragenter", "dragover"]) form.addEventListener(name, (event) => { event.preventDefault(); form.classList.add("rec-over"); });
    for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("rec-over"));
    form.addEventListener("drop", (event) => { event.preventDefault(); input.files = event.dataTransfer.files; form.requestSubmit(); });
  };

  /* "@" offers colleagues by name or user name; what is written is the user name, which the server tells. */
  const mention = (area) => {
    const list = document.createElement("div");
    let serial = 0;
    list.className = "rec-mention"; list.hidden = true; list.setAttribute("role", "listbox");
    area.after(list);
    const word = () => /(?:^|[^\w.])@([\w.\-\u4e00-\u9fff]{0,20})$/.exec(area.value.slice(0, area.selectionStart));
    const close = () => { list.hidden = true; list.replaceChildren(); };
    const take = (name) => {
      const at = area.selectionStart, from = at - (word()?.[1].length ?? 0);
      area.setRangeText(name + " ", from, at, "end"); close(); area.focus();
    };
    const look = async () => {
      const found = word(), mine = ++serial;
      if (!found) return close();
      const q = { columns: ["name", "username"], size: 6, filters: [["active", "eq", true], ["is_portal", "eq", false]], sort: [["name", "asc"]], ...(found[1] ? { text: found[1] } : {}) };
      let rows = [];
      try { rows = (await window.PK.api("GET", "/api/v1/core/user/?q=" + encodeURIComponent(JSON.stringify(q)))).rows; } catch { /* who may not see colleagues types the name */ }
      if (mine !== serial) return;
      list.replaceChildren(...rows.map((row, i) => window.PK.el("button", { type: "button", role: "option", class: i ? "" : "active", onmousedown: (e) => { e.preventDefault(); take(row.username); } }, row.name, " ", window.PK.el("small", {}, row.username))));
      list.hidden = !rows.length;
    };
    area.addEventListener("input", look);
    area.addEventListener("blur", close);
    area.addEventListener("keydown", (event) => {
      if (list.hidden) return;
      const all = [...list.children], at = all.findIndex((b) => b.classList.contains("active"));
      if (event.key === "Escape") { event.stopPropagation(); close(); }
      else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); take(all[at].querySelector("small").textContent); }
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        all[at].classList.remove("active"); all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length].classList.add("active");
      }
    });
  };

  const start = () => {
    document.querySelectorAll(".rec-comment textarea").forEach(mention);
    document.querySelectorAll("[data-copy]").forEach(copy);
    document.querySelectorAll("[data-unmask]").forEach(unmask);
    document.querySelectorAll("[data-record]").forEach(pager);
    document.querySelectorAll("[data-drop]").forEach(drop);
    document.addEventListener("click", (event) => {
      document.querySelectorAll("details.rec-more[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "e" && !event.ctrlKey && !event.metaKey && !event.target.closest("input,textarea,select,[contenteditable]")) {
        document.querySelector("[data-key='e']")?.click();
      }
    });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
