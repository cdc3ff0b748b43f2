// The wall board: turns its pages, fetches itself anew each minute, and never shows a log-in form instead of the figures.
(function () {
  "use strict";
  const root = document.documentElement; // a wall is dark whatever the system says
  root.setAttribute("data-bs-theme", "dark");
  new MutationObserver(() => { if (root.getAttribute("data-bs-theme") !== "dark") root.setAttribute("data-bs-theme", "dark"); }).observe(root, { attributes: true });
  const body = document.body, wall = document.getElementById("wall"), lost = document.getElementById("wall-lost");
  const seconds = Number(body.dataset.seconds) || 20, keeps = body.dataset.keeps === "yes";
  let at = 0, still = false;
  const slides = () => [...wall.querySelectorAll(".rc-slide")];
  function show(n) {
    const all = slides();
    if (!all.length) return;
    at = (n + all.length) % all.length;
    all.forEach((s, i) => s.classList.toggle("rc-now", i === at));
  }
  async function fetchAnew() {
    try {
      const answer = await fetch(location.href, { headers: keeps ? {} : { "X-Background": "1" }, redirect: "manual", credentials: "same-origin" });
      if (!answer.ok) throw new Error("refused");
      const page = new DOMParser().parseFromString(await answer.text(), "text/html"), fresh = page.getElementById("wall");
      if (!fresh) throw new Error("no wall");
      wall.replaceChildren(...fresh.childNodes);
      for (const part of [".rc-wall-time", ".rc-wall-end"]) {
        const mine = document.querySelector(part), theirs = page.querySelector(part);
        if (mine && theirs) mine.textContent = theirs.textContent;
      }
      lost.hidden = true;
      show(at);
    } catch (error) {
      lost.hidden = false; // the last figures stay, with their time
    }
  }
  const acts = { back: () => show(at - 1), on: () => show(at + 1), pause: () => { still = !still; body.classList.toggle("rc-still", still); },
    full: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()) };
  document.querySelectorAll("[data-wall]").forEach((b) => b.addEventListener("click", () => acts[b.dataset.wall]()));
  document.addEventListener("keydown", (e) => {
    const act = { ArrowLeft: "back", ArrowRight: "on", " ": "pause", f: "full" }[e.key];
    if (act && e.target === body) { e.preventDefault(); acts[act](); }
  });
  show(0);
  setInterval(() => still || show(at + 1), seconds * 1000);
  setInterval(fetchAnew, 60000);
  window.parkopsWall = { fetchAnew: fetchAnew, show: show };
})();
