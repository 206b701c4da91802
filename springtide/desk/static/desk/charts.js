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
          type: "sankey", left: 2, right: Math.min(150, Math.round(width * 0.33)), top: 8, bottom: 8, nodeWidth: 10, nodeGap: 9, layoutIterations: 0,
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

  const number = (value) => (value === null || value === undefined ? "–" : (Math.abs(value) < 10 && value % 1 ? value.toPrecision(3) : whole.format(value)).replace("-", "−"));
  const percent = (value) => (value === null || value === undefined ? "–" : (100 * value).toFixed(1).replace("-", "−") + "%");
  const said = (data) => (data.unit === "ratio" ? percent : number);
  const onAxis = (data) => (data.unit === "ratio" ? percent : (v) => short.format(v).replace("-", "−"));

  // Axes and frame that every chart over periods has.
  function periods(data, colour, width, top) {
    return {
      ...frame(colour),
      grid: { left: 4, right: 10, top, bottom: 4, containLabel: true },
      xAxis: {
        type: "category", data: data.labels, axisTick: { show: false }, axisLine: { lineStyle: { color: colour["line-strong"] } },
        axisLabel: { color: colour.muted, fontSize: 11.5, hideOverlap: true },
      },
      yAxis: {
        type: "value", splitNumber: 4, scale: Boolean(data.scaled), axisLabel: { color: colour.muted, fontSize: 11.5, formatter: onAxis(data) },
        splitLine: { lineStyle: { color: colour.line } },
      },
    };
  }
  function table(title, rows) {
    const lines = rows.map(([mark, name, value]) => `<tr><td>${mark}${escape(name)}</td><td style="text-align:right;padding-left:16px">${escape(value)}</td></tr>`);
    return `<b>${escape(title)}</b><table style="width:auto">${lines.join("")}</table>`;
  }
  function legend(colour, names) {
    return { top: 0, left: 0, type: "scroll", itemWidth: 12, itemHeight: 10, itemGap: 14, textStyle: { color: colour.text, fontSize: 12 }, data: names, inactiveColor: colour.still };
  }

  // Series over labels, as lines or as stacked bars; what lies below zero is drawn downwards.
  function series(kind) {
    return (data, colour, width) => ({
      ...periods(data, colour, width, data.series.length > 1 ? (width < 480 ? 52 : 34) : 12),
      legend: data.series.length > 1 ? legend(colour, data.series.map((each) => each.name)) : undefined,
      tooltip: {
        ...frame(colour).tooltip, trigger: "axis", axisPointer: { type: kind === "bar" ? "shadow" : "line", lineStyle: { color: colour.muted }, shadowStyle: { color: colour.muted, opacity: 0.09 } },
        formatter: (points) => table(data.labels[points[0].dataIndex], points.map((p) => [p.marker, p.seriesName, said(data)(p.value)])),
      },
      series: data.series.map((each, n) => ({
        name: each.name, type: kind, stack: kind === "bar" ? "all" : undefined, data: each.values, links: each.links, barCategoryGap: "28%",
        cursor: each.links ? "pointer" : "default", symbol: "circle", symbolSize: data.labels.length > 40 ? 0 : 6, connectNulls: false,
        lineStyle: { width: each.dashed ? 1.2 : 2, type: each.dashed ? "dashed" : "solid" }, itemStyle: { color: colour["series-" + ((n % 8) + 1)] },
      })),
    });
  }
  builders.lines = series("line");
  builders.stacks = series("bar");

  // From then to now: what each part added or took, and the two totals at the ends.
  builders.waterfall = (data, colour, width) => {
    let at = 0;
    const blank = [], bars = [];
    for (const step of data.steps) {
      if (step.total) { at = step.value; blank.push(0); bars.push({ value: step.value, itemStyle: { color: colour["series-6"] }, link: step.link }); continue; }
      const low = Math.min(at, at + step.value);
      at += step.value;
      blank.push(low);
      bars.push({ value: Math.abs(step.value), itemStyle: { color: colour[step.value < 0 ? "series-3" : "series-1"] }, link: step.link });
    }
    const labels = data.steps.map((step) => step.name);
    return {
      ...frame(colour),
      grid: { left: 4, right: width < 480 ? 60 : 90, top: 6, bottom: 4, containLabel: true },
      yAxis: { type: "category", inverse: true, data: labels, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: colour.text, fontSize: 12, width: width < 480 ? 110 : 200, overflow: "truncate" } },
      xAxis: { type: "value", scale: true, min: (range) => Math.min(...blank.filter((_, n) => !data.steps[n].total), ...data.steps.filter((s) => s.total).map((s) => s.value)) - (range.max - range.min) * 0.05, splitNumber: 4, axisLabel: { color: colour.muted, fontSize: 11.5, formatter: onAxis(data) }, splitLine: { lineStyle: { color: colour.line } } },
      tooltip: { ...frame(colour).tooltip, trigger: "item", formatter: (p) => `${escape(labels[p.dataIndex])}<br><b>${escape((data.steps[p.dataIndex].total ? "" : data.steps[p.dataIndex].value > 0 ? "+" : "") + said(data)(data.steps[p.dataIndex].value))}</b>` },
      series: [
        { type: "bar", stack: "all", silent: true, itemStyle: { color: "transparent" }, data: blank },
        {
          type: "bar", stack: "all", barCategoryGap: "35%", data: bars,
          label: { show: true, position: "right", color: colour.text, fontSize: 12, formatter: (p) => { const step = data.steps[p.dataIndex]; return (step.total ? "" : step.value > 0 ? "+" : "") + (data.unit === "ratio" ? percent(step.value) : short.format(step.value).replace("-", "−")); } },
        },
      ],
    };
  };

  // Figures with the range in which the true one likely lies, one below the other; zero is always shown.
  builders.intervals = (data, colour, width) => ({
    ...frame(colour),
    grid: { left: 4, right: width < 480 ? 16 : 60, top: 6, bottom: 4, containLabel: true },
    yAxis: { type: "category", inverse: true, data: data.rows.map((row) => row.name), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: colour.text, fontSize: 12, width: width < 480 ? 110 : 200, overflow: "truncate" } },
    xAxis: { type: "value", splitNumber: 4, axisLabel: { color: colour.muted, fontSize: 11.5, hideOverlap: true, formatter: onAxis(data) }, splitLine: { lineStyle: { color: colour.line } } },
    tooltip: { ...frame(colour).tooltip, trigger: "item", formatter: (p) => { const row = data.rows[p.dataIndex]; return table(row.name, [["", data.names.value, said(data)(row.value)], ["", data.names.between, `${said(data)(row.low)} – ${said(data)(row.high)}`]]); } },
    series: [
      {
        type: "custom", encode: { x: [0, 1], y: 2 }, data: data.rows.map((row, n) => ({ value: [row.low ?? row.value, row.high ?? row.value, n], link: row.link })),
        renderItem: (_, api) => {
          const [low, high] = [api.coord([api.value(0), api.value(2)]), api.coord([api.value(1), api.value(2)])];
          return { type: "rect", shape: { x: low[0], y: low[1] - 4, width: Math.max(1, high[0] - low[0]), height: 8, r: 4 }, style: { fill: colour["series-1"], opacity: 0.35 } };
        },
      },
      { type: "scatter", symbolSize: 9, z: 5, itemStyle: { color: colour["series-1"] }, data: data.rows.map((row, n) => ({ value: [row.value, n], link: row.link })) },
    ],
  });

  // How many, as bars; how good they are, as a line beside them on an axis of shares. What is not over is pale and has no line.
  builders.quality = (data, colour, width) => {
    const base = periods({ ...data, unit: "users" }, colour, width, 34);
    return {
      ...base,
      legend: legend(colour, [data.bars.name, data.line.name]),
      yAxis: [base.yAxis, { type: "value", min: 0, splitNumber: 4, axisLabel: { color: colour.muted, fontSize: 11.5, formatter: percent }, splitLine: { show: false } }],
      tooltip: {
        ...frame(colour).tooltip, trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: colour.muted, opacity: 0.09 } },
        formatter: (points) => { const n = points[0].dataIndex; return table(data.labels[n], [["", data.bars.name, number(data.bars.values[n])], ["", data.line.name, percent(data.line.values[n])]]); },
      },
      series: [
        { name: data.bars.name, type: "bar", barCategoryGap: "28%", cursor: "pointer", itemStyle: { color: colour["series-7"] }, data: data.bars.values.map((value, n) => ({ value, link: data.bars.links[n], itemStyle: data.line.values[n] === null ? { opacity: 0.4 } : {} })) },
        { name: data.line.name, type: "line", yAxisIndex: 1, z: 5, symbol: "circle", symbolSize: 6, data: data.line.values, lineStyle: { color: colour["series-3"], width: 2 }, itemStyle: { color: colour["series-3"] } },
      ],
    };
  };

  // A figure by day with the limits it usually keeps to; days that broke a rule are marked.
  builders.control = (data, colour, width) => {
    const flat = (values) => ({ type: "line", data: values, symbol: "none", silent: true, step: "middle", lineStyle: { color: colour.muted, width: 1, type: "dashed" } });
    return {
      ...periods({ ...data, scaled: true }, colour, width, 12),
      tooltip: {
        ...frame(colour).tooltip, trigger: "axis",
        formatter: (points) => {
          const n = points[0].dataIndex;
          return table(data.labels[n], [["", data.name, said(data)(data.values[n])], ["", data.names.usual, said(data)(data.centre[n])], ["", data.names.between, `${said(data)(data.low[n])} – ${said(data)(data.high[n])}`]]) + (data.broke[n] ? `<div style="margin-top:4px">${escape(data.broke[n])}</div>` : "");
        },
      },
      series: [
        { ...flat(data.centre), lineStyle: { color: colour.muted, width: 1 } }, flat(data.low), flat(data.high),
        {
          type: "line", data: data.values.map((value, n) => data.broke[n] ? { value, symbol: "diamond", symbolSize: 12, itemStyle: { color: colour["series-3"] } } : value),
          symbol: "circle", symbolSize: data.labels.length > 60 ? 0 : 4, showAllSymbol: true, lineStyle: { color: colour["series-1"], width: 2 }, itemStyle: { color: colour["series-1"] },
        },
      ],
    };
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
