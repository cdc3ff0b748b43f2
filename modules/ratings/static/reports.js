// How far a report is: asks every second until it is made or not made, then shows the page anew.
(function () {
  var bar = document.getElementById('bar');
  if (!bar || !window.fetch || ['queued', 'running'].indexOf(bar.dataset.state) < 0) return;
  var missed = 0;
  function ask() {
    fetch('/ratings/making/' + bar.dataset.run + '/progress', { headers: { 'X-Background': '1' }, credentials: 'same-origin' })
      .then(function (r) {
        if (r.status >= 500) throw new Error(r.status);
        if (!r.ok || r.redirected) { location.reload(); return null; } // signed off, taken away: the page itself says why
        return r.json();
      })
      .then(function (p) {
        if (!p) return;
        missed = 0;
        bar.setAttribute('aria-valuenow', p.step);
        bar.firstElementChild.style.width = Math.round(100 * p.step / p.steps) + '%';
        if (p.state === 'queued' || p.state === 'running') { setTimeout(ask, 1000); } else { location.reload(); }
      })
      .catch(function () { if (++missed < 100) { setTimeout(ask, 3000); } });
  }
  setTimeout(ask, 500);
})();
