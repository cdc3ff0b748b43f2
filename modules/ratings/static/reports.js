// How far a report is: asks every second until it is made or not made, then shows the page anew.
(function () {
  var bar = document.getElementById('bar');
  if (!bar || !window.fetch || ['queued', 'running'].indexOf(bar.dataset.state) < 0) return;
  function ask() {
    fetch('/ratings/making/' + bar.dataset.run + '/progress', { headers: { 'X-Background': '1' }, credentials: 'same-origin' })
      .then(function (r) { return r.json(); })
      .then(function (p) {
        bar.setAttribute('aria-valuenow', p.step);
        bar.firstElementChild.style.width = Math.round(100 * p.step / p.steps) + '%';
        if (p.state === 'queued' || p.state === 'running') { setTimeout(ask, 1000); } else { location.reload(); }
      })
      .catch(function () { setTimeout(ask, 3000); });
  }
  setTimeout(ask, 500);
})();
