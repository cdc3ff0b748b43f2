// Draws the small multiples of a firm's page. A missing year is null: the line breaks there, it never falls to zero.
(function () {
  "use strict";
  const root = document.getElementById("tn-results");
  if (!root || !window.echarts) return;
  const data = JSON.parse(document.getElementById(root.dataset.source).textContent);
  const css = getComputedStyle(document.documentElement);
  const color = (name, other) => css.getPropertyValue(name).trim() || other;
  const text = color("--pk-muted", "#5f6b7a"), line = color("--pk-line", "#ccc"), main = color("--pk-accent", "#1a5fb4");
  const charts = data.charts.map(function (c) {
    const holder = root.querySelector('[data-code="' + c.code + '"]');
    if (c.values.every((v) => v === null || v === undefined)) { holder.textContent = data.missing; holder.classList.add("pk-none"); return null; }
    const wan = c.money && Math.max(...c.values.map((v) => Math.abs(v || 0))) >= 10000;
    const shown = (v) => (v === null || v === undefined ? data.missing : (wan ? v / 10000 : v).toLocaleString(undefined, { maximumFractionDigits: 2 }));
    const title = holder.parentElement.querySelector("h3");
    if (wan && title) title.append(" (" + data.wan + ")");
    const chart = window.echarts.init(holder);
    chart.setOption({
      animation: false,
      grid: { left: 4, right: 8, top: 12, bottom: 2, containLabel: true },
      tooltip: { trigger: "axis", confine: true, formatter: (p) => p[0].axisValue + "　" + shown(c.values[p[0].dataIndex]) },
      xAxis: { type: "category", data: data.years.map(String), axisLine: { lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11 }, axisTick: { show: false } },
      yAxis: { type: "value", splitNumber: 3,
        axisLabel: { color: text, fontSize: 11, formatter: (v) => (wan ? v / 10000 : v).toLocaleString() }, splitLine: { lineStyle: { color: line } } },
      series: [{ type: "line", data: c.values, connectNulls: false, symbolSize: 6, lineStyle: { color: main, width: 2 }, itemStyle: { color: main } }],
    });
    return chart;
  }).filter(Boolean);
  window.addEventListener("resize", () => charts.forEach((c) => c.resize()));
})();
