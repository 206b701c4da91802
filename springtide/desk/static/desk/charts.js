// Draws every <div class="chart" data-chart="…"> from the JSON that stands beside it. The server says what; this file says how.
"use strict";
(function () {
  const language = document.documentElement.lang || "en";
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const drawn = new Map();

  // Custom properties hold light-dark(); only a painted colour is resolved, so a probe is painted with each.
  function paint() {
    const probe = document.createElement("i");
    probe.hidden = true;
    document.body.append(probe);
    const seen = {};
    const names = ["text", "muted", "line", "line-strong", "surface", "raised", "accent", "still", "good", "bad",
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => "series-" + n)];
    for (const name of names) {
      probe.style.color = `var(--${name})`;
      seen[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    seen.font = getComputedStyle(document.documentElement).fontFamily;
    return seen;
  }

  function escape(text) {
    const holder = document.createElement("i");
    holder.textContent = text;
    return holder.innerHTML;
  }

  function frame(colour) {
    return {
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      animationDuration: 350,
      textStyle: { fontFamily: colour.font, color: colour.text },
      tooltip: {
        confine: true, backgroundColor: colour.raised, borderColor: colour.line, padding: [8, 10],
        textStyle: { color: colour.text, fontSize: 12.5, fontFamily: colour.font },
      },
    };
  }

  const builders = {
    // Stacked up and down with the net line; the market's regime as a thin band under the axis.
    growth(data, colour, width) {
      const fill = { new: "series-1", resurrected: "series-2", expansion: "series-7", churned: "series-3", contraction: "series-8" };
      const many = data.labels.length > 40;
      const bars = data.series.map((each) => ({
        name: each.name, type: "bar", stack: "all", barCategoryGap: many ? "12%" : "28%", cursor: each.links ? "pointer" : "default",
        itemStyle: { color: colour[fill[each.key]], borderColor: colour.surface, borderWidth: many ? 0 : 0.6 },
        links: each.links,
        // An unfinished period has lost too many and won too few: it is shown, but pale.
        data: each.values.map((value, at) => data.partial[at] ? { value, itemStyle: { opacity: 0.3 } } : value),
      }));
      const net = {
        name: data.net.name, type: "line", data: data.net.values.map((value, at) => data.partial[at] ? null : value), symbol: "circle", symbolSize: many ? 0 : 6, z: 5, cursor: "default",
        lineStyle: { color: colour.text, width: 1.6 }, itemStyle: { color: colour.surface, borderColor: colour.text, borderWidth: 1.6 },
      };
      const tone = { bull: colour.good, bear: colour["series-3"], flat: colour.still };
      const known = data.regimes.some((key) => key);
      const band = {
        name: data.market, type: "bar", xAxisIndex: 1, yAxisIndex: 1, barWidth: "100%", silent: true, animation: false,
        data: data.regimes.map((key) => ({ value: key ? 1 : 0, itemStyle: { color: tone[key] || "transparent" } })),
      };
      const bottom = known ? 42 : 26;
      return {
        ...frame(colour),
        legend: {
          top: 0, left: 0, itemWidth: 12, itemHeight: 10, itemGap: 14, textStyle: { color: colour.text, fontSize: 12 },
          data: [...data.series.map((each) => each.name), data.net.name], selectedMode: true, inactiveColor: colour.still,
        },
        grid: [{ left: 4, right: 4, top: width < 480 ? 52 : 34, bottom, containLabel: true }, { left: 4, right: 4, bottom: 4, height: 7 }],
        xAxis: [
          {
            type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: colour["line-strong"] }, onZero: true },
            axisLabel: { color: colour.muted, fontSize: 11.5, hideOverlap: true }, position: "bottom", offset: 0,
          },
          { type: "category", gridIndex: 1, data: data.labels, show: false },
        ],
        yAxis: [
          {
            type: "value", splitNumber: 4, axisLabel: { color: colour.muted, fontSize: 11.5, formatter: (v) => short.format(v).replace("-", "−") },
            splitLine: { lineStyle: { color: colour.line } },
          },
          { type: "value", gridIndex: 1, show: false, max: 1 },
        ],
        tooltip: {
          ...frame(colour).tooltip, trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: colour.muted, opacity: 0.09 } },
          formatter: (points) => {
            const at = points[0].dataIndex;
            const line = (name, value, mark) => `<tr><td>${mark}${escape(name)}</td><td style="text-align:right;padding-left:16px">` +
              `${escape(whole.format(value).replace("-", "−"))}</td></tr>`;
            const rows = data.series.map((each, n) => line(each.name, each.values[at], points.find((p) => p.seriesName === each.name)?.marker || ""));
            rows.push(line(data.net.name, data.net.values[at], ""), line(data.active.name, data.active.values[at], ""));
            const regime = data.regimes[at] ? `<div style="margin-top:4px">${escape(data.market)}: ${escape(data.regimeNames[data.regimes[at]])}</div>` : "";
            return `<b>${escape(data.titles[at])}</b><table style="width:auto">${rows.join("")}</table>${regime}`;
          },
        },
        series: known ? [...bars, net, band] : [...bars, net],
      };
    },

    // Left: where they stood; right: where they stand. Those who stayed are grey.
    moves(data, colour, width) {
      const hue = (index) => colour["series-" + ((index % 6) + 1)];
      const place = new Map(data.strata.map((each, index) => [each.key, index]));
      const names = new Map(data.strata.map((each) => [each.key, each.name]));
      const named = (node) => names.get(node.slice(2));
      const sums = {};
      for (const flow of data.flows) {
        sums["a:" + flow.from] = (sums["a:" + flow.from] || 0) + flow.users;
        sums["b:" + flow.to] = (sums["b:" + flow.to] || 0) + flow.users;
      }
      const nodes = Object.keys(sums).sort((one, two) => place.get(one.slice(2)) - place.get(two.slice(2))).map((name) => ({
        name, itemStyle: { color: hue(place.get(name.slice(2))) }, depth: name[0] === "a" ? 0 : 1,
        label: { position: "right" },
      }));
      return {
        ...frame(colour),
        tooltip: {
          ...frame(colour).tooltip, trigger: "item",
          formatter: (point) => point.dataType === "edge"
            ? `${escape(named(point.data.source))} → ${escape(named(point.data.target))}<br><b>${whole.format(point.data.value)}</b> ${escape(data.users)}`
            : `${escape(named(point.name))}<br><b>${whole.format(point.value)}</b> ${escape(data.users)}`,
        },
        series: [{
          type: "sankey", left: 2, right: width < 480 ? 112 : 150, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 9, layoutIterations: 0,
          draggable: false, emphasis: { focus: "adjacency" }, nodes,
          links: data.flows.map((flow) => ({
            source: "a:" + flow.from, target: "b:" + flow.to, value: flow.users, link: flow.link,
            lineStyle: flow.from === flow.to ? { color: colour.still, opacity: 0.35 } : { color: hue(place.get(flow.from)), opacity: 0.38 },
          })),
          lineStyle: { curveness: 0.5 },
          label: {
            color: colour.text, fontSize: 12, fontFamily: colour.font,
            formatter: (node) => `${named(node.name)}  ${short.format(sums[node.name])}`,
          },
          labelLayout: { hideOverlap: true },
        }],
      };
    },
  };

  function draw(element) {
    const data = JSON.parse(document.getElementById(element.dataset.source).textContent);
    let chart = drawn.get(element);
    if (!chart) {
      chart = echarts.init(element, null, { renderer: "svg" });
      drawn.set(element, chart);
      watch.observe(element);
      chart.on("click", (point) => {
        const there = point.data && point.data.link ? point.data.link
          : point.seriesType === "bar" && data.series && (data.series[point.seriesIndex].links || [])[point.dataIndex];
        if (there) location.assign(there);
      });
    }
    chart.setOption(builders[element.dataset.chart](data, paint(), element.clientWidth), true);
  }

  const watch = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      const chart = drawn.get(target);
      if (!chart) continue;
      if (target.isConnected) { chart.resize(); } else { chart.dispose(); drawn.delete(target); watch.unobserve(target); }
    }
  });
  function drawAll(within) {
    within.querySelectorAll("[data-chart]").forEach(draw);
  }
  const redraw = () => { for (const element of drawn.keys()) if (element.isConnected) draw(element); };

  document.addEventListener("springtide:theme", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt.parentNode || event.detail.elt));
  document.addEventListener("htmx:beforeSwap", (event) => {
    for (const [element, chart] of drawn) if (event.detail.target.contains(element)) { chart.dispose(); drawn.delete(element); }
  });
  drawAll(document);
})();
