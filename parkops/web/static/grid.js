/* The grid of every list: Tabulator draws the table, the server filters, sorts, counts and totals. One `Grid` per .pk-grid. */
(function () {
  "use strict";
  const { el, T, api, toast } = PK;
  const DATA = window.GridData, PARTS = window.GridParts;
  const phone = matchMedia("(max-width: 640px)");

  class Grid {
    constructor(root) {
      this.root = root; this.api = root.dataset.api; this.inner = root.classList.contains("pk-grid-inner");
      this.fixed = JSON.parse(root.dataset.fixed || "[]"); this.only = JSON.parse(root.dataset.columns || "[]");
      this.picked = new Set(); this.everything = false; this.labels = {}; this.active = -1; this.answer = { count: 0, rows: [] }; this.serial = 0;
      this.start();
    }
    async start() {
      try {
        const inline = this.root.dataset.info && document.getElementById(this.root.dataset.info);
        this.info = inline ? JSON.parse(inline.textContent) : await api("GET", this.api + "_info");
      } catch (error) { this.root.append(el("p", { class: "pk-muted" }, error.message)); return; }
      this.prefs = this.inner ? { unit: this.info.prefs.unit } : this.info.prefs;
      this.state = { view: "", filters: [], sort: this.info.sort, page: 0, size: this.inner ? 25 : this.prefs.size || 25, text: "", group: [], columns: null };
      if (this.info.park) this.labels["park_id:" + this.info.park.id] = this.info.park.label;
      this.readAddress();
      this.build();
      this.draw();
      phone.addEventListener("change", () => this.draw());
      window.addEventListener("resize", () => { clearTimeout(this.resized); this.resized = setTimeout(() => { this.fit(); this.drawTabs(); }, 120); });
    }
    /* rows can be ticked: for bulk actions, in a full list also for the export */
    get picks() { return !this.root.dataset.ids && (this.info.bulk.length > 0 || (!this.inner && this.info.rights.export)); }
    drawTabs() { const host = this.part("tabs"); if (host) PARTS.tabs(this, host, phone.matches); }
    part(name) { return this.root.querySelector('[data-part="' + name + '"]'); }
    build() {
      this.holder = el("div", { class: "pk-holder", tabindex: 0, onkeydown: (e) => this.key(e) });
      this.chipBar = el("div", { class: "pk-chips", hidden: true }); this.bulkHost = el("div", { class: "pk-bulk", hidden: true }); this.footHost = el("div", { class: "pk-foot" });
      if (this.inner) this.holder.style.minHeight = "120px";
      this.part("body").append(this.chipBar, this.bulkHost, this.holder, this.footHost);
      const text = this.part("text");
      if (text) text.addEventListener("input", () => { clearTimeout(this.typing); this.typing = setTimeout(() => { this.state.text = text.value.trim(); this.changed(); }, 250); });
      this.textBox = text;
    }
    column(name) { return this.info.columns.find((c) => c.name === name) || this.info.targets.find((c) => c.name === name); }
    names() {
      const all = this.info.columns, wanted = this.state.columns || (this.inner ? this.only : this.prefs.columns);
      const known = (wanted || []).filter((n) => all.some((c) => c.name === n));
      return known.length ? known : all.filter((c) => !c.hidden).map((c) => c.name);
    }
    linkColumn() { return this.info.columns.find((c) => c.link) || this.info.columns.find((c) => this.names().includes(c.name)) || this.info.columns[0]; }
    savedView() { return this.info.saved.find((v) => "saved:" + v.id === this.state.view); }
    unitOf(c) { return c.fmt === "money" ? T(this.prefs.unit || "yuan") : c.fmt === "area" ? "㎡" : ""; }

    /* address: ?view=code, ?filters=[…] from links; #… keeps the state for Back */
    readAddress() {
      if (this.inner) { if (this.root.dataset.view) this.pickView(this.root.dataset.view); return; }
      const params = new URLSearchParams(location.search);
      try {
        if (location.hash.length > 2) Object.assign(this.state, this.sane(JSON.parse(decodeURIComponent(location.hash.slice(1)))));
        else {
          this.pickView(params.get("view") || "");
          if (params.get("filters")) this.state.filters = JSON.parse(params.get("filters"));
          if (params.get("text")) this.state.text = params.get("text");
        }
      } catch (error) { /* an address from elsewhere: start plain */ }
      this.state.filters = this.state.filters.filter((f) => Array.isArray(f) && (f[0] === "id" || this.column(f[0])));
    }
    sane(given) {
      const out = {};
      for (const key of ["filters", "sort", "group"]) if (Array.isArray(given[key])) out[key] = given[key];
      for (const key of ["view", "text"]) if (typeof given[key] === "string") out[key] = given[key];
      for (const key of ["page", "size"]) if (Number.isInteger(given[key])) out[key] = given[key];
      if (Array.isArray(given.columns)) out.columns = given.columns;
      return out;
    }
    writeAddress() {
      if (this.inner) return;
      const s = this.state, plain = JSON.stringify(s.filters) === JSON.stringify(this.parkFilter()) && !s.text && !s.page && !s.view && !s.group.length && JSON.stringify(s.sort) === JSON.stringify(this.info.sort);
      history.replaceState(null, "", plain ? location.pathname : location.pathname + "#" + encodeURIComponent(JSON.stringify(s)));
    }
    pickView(key) {
      const view = this.info.views.find((v) => v.code === key) || this.info.saved.find((v) => "saved:" + v.id === key);
      Object.assign(this.state, { view: view ? key : "", page: 0, filters: [...this.parkFilter(), ...(view?.filters || []).map((f) => [...f])], sort: view?.sort?.length ? view.sort : this.info.sort,
        text: view?.text || "", group: view?.group || [], columns: view?.columns?.length ? view.columns : null });
    }
    parkFilter() { return this.info.park && !this.inner ? [["park_id", "eq", this.info.park.id]] : []; }
    useView(key) { this.pickView(key); this.clearPicked(); this.draw(); }
    clearPicked() { this.picked.clear(); this.everything = false; }
    changed() { this.state.page = 0; this.clearPicked(); this.frame(); this.load(); }
    turn(n) { this.state.page = Math.max(0, this.state.page + n); this.active = -1; this.load(); }
    toggleColumn(name, on) {
      const now = this.names().filter((n) => n !== name);
      if (on) now.push(name);
      if (!now.length) return;
      this.state.columns = null; this.prefs.columns = now; if (this.inner) this.only = now;
      this.keep(); this.draw();
    }
    resetColumns() { this.state.columns = null; delete this.prefs.columns; delete this.prefs.widths; this.keep(); this.draw(); }
    keep() {
      if (this.inner) return;
      clearTimeout(this.keeping);
      this.keeping = setTimeout(() => api("PUT", "/api/v1/me/preferences/grid:" + this.info.resource, this.prefs).catch((e) => toast(e.message, "danger")), 700);
    }

    question() {
      const s = this.state, q = { columns: this.names(), page: s.page, size: s.size, totals: true };
      const filters = [...this.fixed, ...s.filters];
      if (filters.length) q.filters = filters;
      if (s.sort.length) q.sort = s.sort;
      if (s.text) q.text = s.text;
      if (s.group.length) q.group = s.group;
      if (this.root.dataset.ids) q.ids = JSON.parse(this.root.dataset.ids);
      return q;
    }
    async load(again) {
      if (again) this.counted = null;
      const serial = ++this.serial;
      this.running?.abort();
      this.running = new AbortController();
      this.holder.classList.add("pk-busy");
      this.writeAddress();
      try {
        const q = this.question();
        if (phone.matches) q.columns = PARTS.cardColumns(this).map((c) => c.name);
        const key = JSON.stringify({ ...q, page: 0 });
        const turned = key === this.counted?.key && Date.now() - this.counted.at < 60000;  // only the page changed: count and totals stand
        const answer = await api("GET", this.api + "?q=" + encodeURIComponent(JSON.stringify(turned ? { ...q, count: false, totals: false } : q)), undefined, { signal: this.running.signal });
        if (serial !== this.serial) return;
        if (turned) Object.assign(answer, { count: this.answer.count, totals: this.answer.totals });
        else this.counted = { key, at: Date.now() };
        if (!answer.rows.length && answer.count && this.state.page) { this.state.page = Math.floor((answer.count - 1) / this.state.size); return this.load(); }
        this.answer = answer;
        await this.fill();
      } catch (error) {
        if (error.name !== "AbortError" && serial === this.serial) {
          toast(error.message, "danger");
          if (!this.table) this.holder.replaceChildren(el("p", { class: "pk-nothing" }, error.message, " ", el("button", { class: "btn btn-sm", type: "button", onclick: () => this.load(true) }, T("again"))));
        }
      } finally { if (serial === this.serial) this.holder.classList.remove("pk-busy"); }
    }
    async fill() {
      if (phone.matches) PARTS.cards(this, this.holder);
      else {
        if (this.stale || !this.table || (this.madeEmpty && this.answer.rows.length)) this.makeTable();
        await this.ready;
        this.fit();
        this.empty.replaceChildren(...PARTS.nothing(this));
        this.table.setGroupBy(this.state.group.length ? this.state.group.map((name) => (row) => this.groupText(name, row)) : false);
        await this.table.replaceData(this.answer.rows);
        this.active = Math.min(this.active, this.answer.rows.length - 1);
      }
      this.paint();
      this.root.dataset.loaded = String(this.serial);
    }
    paint() {
      PARTS.foot(this, this.footHost);
      if (this.picks) PARTS.bulkBar(this, this.bulkHost);
      if (!this.table || phone.matches) return;
      const rows = this.table.getRows("active");
      for (const row of rows) {
        const on = this.everything || this.picked.has(row.getData().id), node = row.getElement(), box = node.querySelector("input[type=checkbox]");
        node.classList.toggle("pk-picked", on);
        if (box) box.checked = on;
      }
      rows.forEach((row, i) => row.getElement().classList.toggle("pk-active", i === this.active));
      const head = this.holder.querySelector(".pk-all");
      if (head) head.checked = this.answer.rows.length > 0 && this.answer.rows.every((r) => this.everything || this.picked.has(r.id));
    }

    /* the frame around the rows */
    frame() {
      const toolHost = this.part("tools");
      if (toolHost && !toolHost.firstChild) PARTS.tools(this, toolHost);  // once, so that an open panel stays open
      this.drawTabs();  // after the tools, which take their room first
      PARTS.chips(this, this.chipBar);
      this.fetchLabels();
      if (this.textBox && document.activeElement !== this.textBox) this.textBox.value = this.state.text;
      this.syncHead();
    }
    async fetchLabels() {
      for (const [name, op, value] of this.state.filters) {
        const column = this.column(name);
        if (!column?.choicesUrl || op === "contains" || value === undefined) continue;
        const ids = [value].flat().filter((v) => /^\d+$/.test(String(v)) && !this.labels[name + ":" + v]);
        if (!ids.length) continue;
        try { for (const hit of (await api("GET", column.choicesUrl + "?ids=" + ids.join(","))).rows) this.labels[name + ":" + hit.id] = hit.label; PARTS.chips(this, this.chipBar); } catch (error) { /* the chip keeps the number */ }
      }
    }
    draw() {
      this.frame();
      if (phone.matches) { this.table?.destroy(); this.table = null; }
      this.stale = true;
      if (!this.table) this.holder.replaceChildren(el("p", { class: "pk-nothing" }, T("loading")));
      this.load();
    }
    /* made when the first rows are there, because they decide how wide the columns are */
    makeTable() {
      this.stale = false; this.madeEmpty = !this.answer.rows.length;
      this.table?.destroy();
      this.empty = el("div", { class: "pk-nothing" });
      const host = el("div", {});
      this.holder.replaceChildren(host);
      this.rowHeight = this.measure();
      this.holder.style.setProperty("--pk-row", this.rowHeight + "px");
      this.table = new Tabulator(host, {
        data: [], columns: this.columns(), layout: "fitColumns", height: this.inner ? undefined : "100%", maxHeight: this.inner ? +this.root.dataset.height || 360 : false, rowHeight: this.rowHeight,
        movableColumns: true, index: "id", columnDefaults: { headerSort: false, minWidth: 60 }, placeholder: this.empty, renderVerticalBuffer: 600,
        groupHeader: (value, count, data, group) => this.groupHead(value, count, data, group)
      });
      this.ready = new Promise((done) => this.table.on("tableBuilt", done));
      this.ready.then(() => {  // a filter cell that gets the focus scrolls the head; the rows must follow
        const body = host.querySelector(".tabulator-tableholder");
        host.querySelector(".tabulator-header").addEventListener("scroll", (e) => { if (body && Math.abs(body.scrollLeft - e.target.scrollLeft) > 1) body.scrollLeft = e.target.scrollLeft; }, true);
      });
      this.table.on("columnMoved", () => this.moved());
      this.table.on("columnResized", (c) => { this.prefs.widths = { ...this.prefs.widths, [c.getField()]: c.getWidth() }; this.keep(); });
      this.table.on("rowClick", (e, row) => this.click(e, row));
      this.table.on("rowMouseDown", (e, row) => { if (e.button === 1) { e.preventDefault(); this.go(row.getData().id, true); } });
      this.table.on("renderComplete", () => this.paint());
    }
    /* 25 rows fit when the window allows 23 px a row; otherwise rows have their full 32 px and the table scrolls. */
    measure() {
      const density = this.prefs.density || "auto";
      if (density === "compact") return 24;
      if (density === "normal" || this.inner) return density === "normal" ? 32 : 28;
      const room = this.holder.clientHeight - 54;
      return Math.max(23, Math.min(32, Math.floor(room / 25)));
    }
    fit() {
      if (!this.table || phone.matches || this.inner) return;
      if (this.measure() !== this.rowHeight) { this.makeTable(); this.ready.then(() => this.fill()); }
    }
    columns() {
      const pick = { title: "", field: "_pick", width: 34, minWidth: 34, resizable: false, frozen: true, hozAlign: "center", titleFormatter: () => el("div", { class: "pk-colhead" }, el("label", { class: "pk-coltitle pk-fixedsort" }, el("input", { type: "checkbox", class: "pk-all", "aria-label": T("all"), onclick: (e) => { e.stopPropagation(); this.pickAll(e.target.checked); } }))),
        formatter: () => '<input type="checkbox" tabindex="-1" aria-label="">', cellClick: (e, cell) => { e.stopPropagation(); this.pick(cell.getRow().getData().id); } };
      const link = this.linkColumn();
      const bulk = this.picks;
      const shownNames = this.names(), worded = (n) => ["text", "longtext", "ref"].includes(this.column(n).fmt);
      const grow = shownNames.includes(link.name) && worded(link.name) ? link.name : shownNames.find(worded) || shownNames[0]; // spare width goes to words, not to a day
      const widths = this.widths(shownNames, this.holder.clientWidth - (bulk ? 36 : 2));
      return [...(bulk ? [pick] : []), ...shownNames.map((name, i) => {
        const c = this.column(name), width = widths[i];
        return { title: c.title, field: name, ...(name === grow && !this.prefs.widths?.[name] ? { minWidth: width, widthGrow: 1 } : { width }), hozAlign: DATA.NUMBERS.includes(c.fmt) ? "right" : "left",
          titleFormatter: () => this.head(c), formatter: (cell) => this.cellNode(c, cell.getRow().getData(), c.name === link.name), tooltip: (e, cell) => cell.getElement().scrollWidth > cell.getElement().clientWidth ? cell.getElement().textContent : "" };
      })];
    }
    widths(names, room) {
      return DATA.widths(names.map((name) => {
        const c = this.column(name), unit = this.unitOf(c), pill = !!c.choices?.some((x) => x.tone) || this.answer.rows.some((r) => r[name + "__tone"]);
        return { fmt: c.fmt, width: c.width, link: name === this.linkColumn().name, own: this.prefs.widths?.[name], pill, head: c.title + (unit ? " (" + unit + ")" : ""), pick: c.choices && c.filter === "choice" ? Math.max(...c.choices.map((x) => DATA.measure(x.label, "400"))) : 0,
          texts: this.answer.rows.map((row) => this.text(c, row) ?? "—") };
      }), room);
    }
    moved() {
      const order = this.table.getColumns().map((c) => c.getField()).filter((f) => f && f !== "_pick");
      this.state.columns = null; this.prefs.columns = order; if (this.inner) this.only = order;
      this.keep();
    }
    head(c) {
      const unit = this.unitOf(c), title = el("div", { class: "pk-coltitle" + (DATA.NUMBERS.includes(c.fmt) ? " pk-right" : "") + (c.sortable ? "" : " pk-fixedsort"), title: [c.title, c.help, c.personal ? T("hidden_personal") : "", c.sortable ? T("sort_hint") : ""].filter(Boolean).join("\n"), onclick: (e) => this.sortBy(c, e) }, el("span", {}, c.title), unit ? el("small", {}, "(" + unit + ")") : null, el("i", { "data-sort": c.name }));
      const box = el("div", { class: "pk-colfilter", "data-filter": c.name, onclick: (e) => e.stopPropagation(), onmousedown: (e) => e.stopPropagation() });
      if (c.filter !== "none") box.append(this.filterCell(c));
      queueMicrotask(() => this.syncHead());
      return el("div", { class: "pk-colhead" }, title, box);
    }
    filterCell(c) {
      if (c.filter === "choice" || c.filter === "bool") {
        const items = c.filter === "bool" ? [["true", T("yes")], ["false", T("no")]] : c.choices.map((x) => [x.code, x.label]);
        return el("select", { "aria-label": c.title, onchange: (e) => { const v = e.target.value; this.setFilter(c, v === "" ? null : v === "@empty" ? ["empty", null] : v === "@notempty" ? ["notempty", null] : ["eq", c.filter === "bool" ? v === "true" : v]); } },
          el("option", { value: "" }, ""), ...items.map(([v, label]) => el("option", { value: v }, label)), el("option", { value: "@empty" }, T("empty")), el("option", { value: "@notempty" }, T("not_empty")), el("option", { value: "@more", hidden: true }, "…"));
      }
      const hint = c.filter !== "range" ? T("text_hint") : DATA.DAYS.includes(c.fmt) ? T("date_hint") : c.fmt === "percent" ? T("percent_hint") : T("range_hint");
      const apply = (input) => {
        const made = DATA.typed(c, input.value, this.prefs.unit);
        input.classList.toggle("bad", made === undefined);
        input.title = made === undefined ? T(DATA.DAYS.includes(c.fmt) ? "bad_date" : "bad_range") : hint;
        if (made !== undefined) this.setFilter(c, made);
      };
      return el("input", { type: "text", maxlength: 100, title: hint, "aria-label": c.title, autocomplete: "off", oninput: (e) => { clearTimeout(this.typing); this.typing = setTimeout(() => apply(e.target), 280); },
        onkeydown: (e) => { e.stopPropagation(); if (e.key === "Enter") { clearTimeout(this.typing); apply(e.target); } if (e.key === "Escape") { e.target.value = ""; apply(e.target); } if (e.key === "ArrowDown") { this.holder.focus(); this.move(0, true); } } });
    }
    setFilter(c, made) {
      const s = this.state, rest = s.filters.filter((f) => f[0] !== c.name);
      const next = made ? [...rest, made[1] === null ? [c.name, made[0]] : [c.name, ...made]] : rest;
      if (JSON.stringify(next) === JSON.stringify(s.filters)) return;
      s.filters = next;
      this.changed();
    }
    /* arrows and filter cells follow the state */
    syncHead() {
      const s = this.state;
      for (const mark of this.holder.querySelectorAll("[data-sort]")) { const i = s.sort.findIndex((x) => x[0] === mark.dataset.sort); mark.textContent = i < 0 ? "" : (s.sort[i][1] === "asc" ? "▲" : "▼") + (s.sort.length > 1 ? i + 1 : ""); }
      for (const box of this.holder.querySelectorAll("[data-filter]")) {
        const control = box.firstElementChild, own = s.filters.filter((f) => f[0] === box.dataset.filter), c = this.column(box.dataset.filter);
        if (!control) continue;
        control.classList.toggle("on", own.length > 0);
        if (control === document.activeElement) continue;
        if (control.tagName === "SELECT") { const [, op, value] = own[0] || []; control.value = !own.length ? "" : own.length > 1 || (op !== "eq" && op !== "empty" && op !== "notempty") ? "@more" : op === "eq" ? String(value) : "@" + op; }
        else { control.value = own.length === 1 ? DATA.cell(c, own[0][1], own[0][2], this.prefs.unit) ?? "" : ""; control.classList.remove("bad"); control.placeholder = own.length && !control.value ? "…" : ""; }
      }
    }
    sortBy(c, event) {
      if (!c.sortable) return;
      const s = this.state, now = s.sort.find((x) => x[0] === c.name), next = now && now[1] === "asc" ? "desc" : "asc";
      s.sort = event.shiftKey ? [...s.sort.filter((x) => x[0] !== c.name), [c.name, next]].slice(-5) : [[c.name, next]];
      s.page = 0; this.syncHead(); this.load();
    }
    text(c, row) { const value = row[c.name]; return row[c.name + "__text"] ?? (c.fmt === "choice" || c.fmt === "ref" ? value : DATA.shown(c, value, this.prefs.unit)); }
    cellNode(c, row, link) {
      const value = row[c.name], text = this.text(c, row);
      if (text === null || text === undefined || text === "") return link ? el("a", { href: this.info.url + row.id, tabindex: -1 }, row._label) : el("span", { class: "pk-none", title: T(c.reported ? "unreported_why" : "nothing") }, c.reported ? T("unreported") : "—");
      const tone = row[c.name + "__tone"] || (c.choices ? c.choices.find((x) => x.code === value)?.tone : null);
      const node = tone ? el("span", { class: "pk-tone pk-tone-" + tone }, text) : document.createTextNode(text);
      return link ? el("a", { href: this.info.url + row.id, tabindex: -1 }, node) : node;
    }

    /* groups: the server's counts and totals over everything filtered */
    groupText(name, row) { const c = this.column(name); const text = row[name + "__text"] ?? DATA.shown(c, row[name], this.prefs.unit); return c.title + ": " + (text ?? "—"); }
    groupHead(value, count, data, group) {
      const first = data[0], level = group.getParentGroup && group.getParentGroup() ? 2 : 1, names = this.state.group.slice(0, level);
      const hits = (this.answer.groups || []).filter((g) => names.every((n, i) => JSON.stringify(g.key[i]) === JSON.stringify(first[n] ?? null)));
      const total = hits.reduce((sum, g) => sum + g.count, 0);
      const sums = hits.length === 1 ? Object.entries(hits[0].totals).filter(([, v]) => v !== null).map(([n, v]) => this.column(n).title + " " + DATA.shown(this.column(n), v, this.prefs.unit)) : [];
      return el("b", {}, value).outerHTML + el("span", {}, T("group_more", { n: total || count }) + (sums.length ? " · " + sums.join(" · ") : "")).outerHTML;
    }

    /* choosing and opening */
    pick(id) { if (this.everything) { this.everything = false; this.answer.rows.forEach((r) => this.picked.add(r.id)); } this.picked.has(id) ? this.picked.delete(id) : this.picked.add(id); this.paint(); }
    pickAll(on) { this.everything = false; for (const r of this.answer.rows) on ? this.picked.add(r.id) : this.picked.delete(r.id); this.paint(); }
    remember() { try { sessionStorage.setItem("parkops.list:" + this.info.resource, JSON.stringify({ ids: this.answer.rows.map((r) => r.id), url: location.href })); } catch (e) { /* full or private */ } }
    go(id, tab) { this.remember(); const url = this.info.url + id; if (tab) window.open(url, "_blank", "noopener"); else location.assign(url); }
    click(event, row) {
      if (event.target.closest("input,button,select")) return;
      if (String(getSelection()) && !event.target.closest("a")) return;
      if (event.target.closest("a")) { if (!(event.ctrlKey || event.metaKey || event.shiftKey)) { event.preventDefault(); this.go(row.getData().id); } else this.remember(); return; }
      this.go(row.getData().id, event.ctrlKey || event.metaKey);
    }
    move(n, absolute) {
      const rows = this.table ? this.table.getRows("active") : [];
      if (!rows.length) return;
      this.active = Math.max(0, Math.min(rows.length - 1, absolute ? n : this.active + n));
      rows[this.active].getElement().scrollIntoView({ block: "nearest" });
      this.paint();
    }
    key(event) {
      if (event.target.closest("input,select,textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
      const id = this.table?.getRows("active")[this.active]?.getData().id;
      const acts = { ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), Home: () => this.move(0, true), End: () => this.move(1e6, true), PageDown: () => this.turn(1), PageUp: () => this.turn(-1), Enter: () => id && this.go(id), " ": () => id && this.pick(id), e: () => { if (id && this.info.rights.change) { this.remember(); location.assign(this.info.url + id + "/edit"); } } };
      if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
    }
  }
  document.querySelectorAll(".pk-grid").forEach((root) => { root.grid = new Grid(root); });
})();
