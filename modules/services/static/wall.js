/* The wall screen: renews its part every five seconds; a lost connection keeps the last picture. */
"use strict";
(() => {
  const wall = document.getElementById("sv-wall");
  if (!wall) return;
  setInterval(async () => {
    try {
      const answer = await fetch(wall.dataset.url, {headers: {"X-Background": "1"}});
      if (answer.ok && !answer.redirected) wall.innerHTML = await answer.text();
    } catch { /* the next turn tries again */ }
  }, 5000);
})();
