// Paid in and distributed as bars, net asset value as a line, by quarter. The numbers are the page's own JSON.
(function () {
  "use strict";
  const holder = document.getElementById("fd-chart");
  if (!holder || !window.echarts) return;
  const data = JSON.parse(document.getElementById("fd-chart-data").textContent);
  const css = getComputedStyle(document.documentElement);
  const color = (name, other) => css.getPropertyValue(name).trim() || other;
  const text = color("--pk-muted", "#5f6b7a"), line = color("--pk-line", "#ccc"), main = color("--pk-accent", "#1a5fb4");
  const number = (list) => list.map(Number);
  const shown = (v) => (v / 10000).toLocaleString(undefined, { maximumFractionDigits: 2 });
  const bar = (name, values, c) => ({ name: name, type: "bar", data: number(values), itemStyle: { color: c }, barMaxWidth: 14 });
  const chart = window.echarts.init(holder);
  chart.setOption({
    animation: false,
    grid: { left: 4, right: 8, top: 50, bottom: 2, containLabel: true },
    legend: { top: 0, right: 8, textStyle: { color: text, fontSize: 12 }, itemWidth: 14, itemHeight: 9 },
    tooltip: { trigger: "axis", confine: true, valueFormatter: (v) => shown(v) + " " + data.words.wan },
    xAxis: { type: "category", data: data.quarters, axisLine: { lineStyle: { color: line } }, axisLabel: { color: text, fontSize: 11 }, axisTick: { show: false } },
    yAxis: { type: "value", name: data.words.wan, nameTextStyle: { color: text, fontSize: 11, align: "left" }, splitNumber: 4,
      axisLabel: { color: text, fontSize: 11, formatter: (v) => (v / 10000).toLocaleString() }, splitLine: { lineStyle: { color: line } } },
    series: [bar(data.words.paid, data.paid, main), bar(data.words.back, data.back, color("--tblr-green", "#2fb344")),
      { name: data.words.value, type: "line", data: number(data.value), symbolSize: 5, lineStyle: { color: color("--tblr-orange", "#f76707"), width: 2 }, itemStyle: { color: color("--tblr-orange", "#f76707") } }],
  });
  window.addEventListener("resize", () => chart.resize());
})();
