"use strict";
// Draws the report's charts with uPlot from the JSON that stands in the page. Times are New York's, written as if UTC.
(function () {
  const holder = document.getElementById("chart-data");
  const specs = holder ? JSON.parse(holder.textContent) : {};
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const drawn = [];
  const cursors = uPlot.sync("run");

  const css = value => value.startsWith("var(")
    ? getComputedStyle(document.documentElement).getPropertyValue(value.slice(4, -1)).trim() : value;

  const plain = (value, digits) => value.toLocaleString("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
  const units = {
    usd: value => (value < 0 ? "−$" : "$") + plain(Math.abs(value), 0),
    pct: value => plain(value, Math.abs(value) >= 10 ? 1 : 2) + " %",
    num: value => plain(value, Math.abs(value) >= 100 ? 0 : 2),
  };
  const compact = {
    usd: value => (value < 0 ? "−$" : "$") + (Math.abs(value) >= 10000 ? plain(Math.abs(value) / 1000, Math.abs(value) % 1000 ? 1 : 0)
      + "k" : plain(Math.abs(value), 0)),
    pct: value => plain(value, value % 1 ? 1 : 0) + "%",
    num: value => plain(value, value % 1 ? 2 : 0),
  };
  const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const moment = seconds => {
    const at = new Date(seconds * 1000), text = at.toISOString();
    return days[at.getUTCDay()] + " " + text.slice(0, 10) + (text.slice(11, 16) === "00:00" ? "" : " " + text.slice(11, 16));
  };

  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  // days and months as the reader knows them; the year where it begins
  function dates(u, splits, axis, space, step) {
    let day = null, year = null;
    return splits.map(seconds => {
      const at = new Date(seconds * 1000), hour = at.toISOString().slice(11, 16);
      const name = at.getUTCDate() + " " + months[at.getUTCMonth()];
      let text = step < 86400 ? (name === day ? hour : hour + "\n" + name)
        : step < 28 * 86400 ? name : months[at.getUTCMonth()];
      if (step >= 86400 && at.getUTCFullYear() !== year) text += "\n" + at.getUTCFullYear();
      day = name; year = at.getUTCFullYear();
      return text;
    });
  }

  // without a pointer the legend shows the last values
  function resting(u) {
    if (u.cursor.idx == null) u.setLegend({idx: u.data[0].length - 1}, false);
  }

  function bands(spec) {
    return u => {
      const {left, top, width, height} = u.bbox, ctx = u.ctx;
      ctx.save();
      ctx.beginPath(); ctx.rect(left, top, width, height); ctx.clip();
      for (const band of spec.bands) {
        const y0 = Math.min(u.valToPos(band.from, "y", true), top + height), y1 = Math.max(u.valToPos(band.to, "y", true), top);
        if (y0 <= y1) continue;
        ctx.fillStyle = css(band.colour);
        ctx.fillRect(left, y1, width, y0 - y1);
      }
      ctx.restore();
    };
  }

  function bandNames(spec) {
    return u => {
      const {left, top, width, height} = u.bbox, ctx = u.ctx, ratio = devicePixelRatio;
      ctx.save();
      ctx.font = 11.5 * ratio + "px system-ui, sans-serif";
      ctx.textAlign = "right"; ctx.lineWidth = 4 * ratio; ctx.lineJoin = "round";
      for (const band of spec.bands) {
        const y0 = Math.min(u.valToPos(band.from, "y", true), top + height), y1 = Math.max(u.valToPos(band.to, "y", true), top);
        if (y0 - y1 < 18 * ratio) continue;
        ctx.strokeStyle = css(band.colour); ctx.fillStyle = css("var(--ink)");
        ctx.strokeText(band.label, left + width - 8 * ratio, y1 + 15 * ratio);
        ctx.fillText(band.label, left + width - 8 * ratio, y1 + 15 * ratio);
      }
      ctx.restore();
    };
  }

  function zero(u) {
    const scale = u.scales.y;
    if (!(scale.min < 0 && scale.max > 0)) return;
    const y = Math.round(u.valToPos(0, "y", true)), ctx = u.ctx;
    ctx.save();
    ctx.strokeStyle = css("var(--neutral)"); ctx.lineWidth = devicePixelRatio;
    ctx.beginPath(); ctx.moveTo(u.bbox.left, y); ctx.lineTo(u.bbox.left + u.bbox.width, y); ctx.stroke();
    ctx.restore();
  }

  function triangles(spec, tip) {
    const at = u => spec.marks.filter(mark => mark.x >= u.scales.x.min && mark.x <= u.scales.x.max)
      .map(mark => ({mark, x: u.valToPos(mark.x, "x", true), y: u.valToPos(mark.y, "y", true)
        + (mark.up ? 11 : -11) * devicePixelRatio}));
    return {
      draw(u) {
        const ctx = u.ctx, size = 5.5 * devicePixelRatio;
        ctx.save();
        for (const {mark, x, y} of at(u)) {
          const sign = mark.up ? 1 : -1;
          ctx.fillStyle = css(mark.colour); ctx.strokeStyle = css("var(--card)"); ctx.lineWidth = devicePixelRatio;
          ctx.beginPath(); ctx.moveTo(x, y - sign * size); ctx.lineTo(x - size, y + sign * size); ctx.lineTo(x + size, y + sign * size);
          ctx.closePath(); ctx.fill(); ctx.stroke();
        }
        ctx.restore();
      },
      setCursor(u) {
        const left = u.cursor.left * devicePixelRatio + u.bbox.left, top = u.cursor.top * devicePixelRatio + u.bbox.top;
        const near = u.cursor.left < 0 ? [] : at(u).filter(one => Math.hypot(one.x - left, one.y - top) < 12 * devicePixelRatio);
        tip.style.display = near.length ? "block" : "none";
        if (!near.length) return;
        tip.replaceChildren(...near.slice(0, 6).map(one => {
          const line = document.createElement("div");
          line.textContent = one.mark.text;
          return line;
        }));
        const room = u.root.clientWidth, x = u.over.offsetLeft + u.cursor.left;
        tip.style.left = Math.max(0, Math.min(x + 14, room - 300)) + "px";
        tip.style.top = u.over.offsetTop + u.cursor.top + 16 + "px";
      },
    };
  }

  // two fingers zoom in time; the range is shared by all charts over time
  function pinch(u) {
    let start = null;
    const place = touches => {
      const box = u.over.getBoundingClientRect();
      const [a, b] = [touches[0].clientX - box.left, touches[1].clientX - box.left];
      return {middle: (a + b) / 2, span: Math.max(Math.abs(a - b), 1)};
    };
    u.over.addEventListener("touchstart", event => {
      if (event.touches.length !== 2) return;
      event.preventDefault();
      start = {...place(event.touches), min: u.scales.x.min, max: u.scales.x.max};
    }, {passive: false});
    u.over.addEventListener("touchmove", event => {
      if (!start || event.touches.length !== 2) return;
      event.preventDefault();
      const now = place(event.touches), width = u.over.clientWidth, seconds = start.max - start.min;
      const wide = Math.min(seconds * start.span / now.span, u.limits[1] - u.limits[0]);
      const pivot = start.min + seconds * start.middle / width;
      window_of(u, pivot - wide * now.middle / width, pivot + wide * (1 - now.middle / width));
    }, {passive: false});
    u.over.addEventListener("touchend", () => { start = null; });
  }

  let moving = false;
  function window_of(u, min, max) {
    const [low, high] = u.limits;
    u.setScale("x", {min: Math.max(low, min), max: Math.min(high, max)});
  }

  function follow(u, key) {
    if (key !== "x" || moving || !u.timed || u.scales.x.min == null) return;
    moving = true;
    for (const other of drawn) if (other !== u && other.timed) other.setScale("x", {min: u.scales.x.min, max: u.scales.x.max});
    moving = false;
  }

  function options(spec, place, tip) {
    const ink = css("var(--soft)"), grid = {stroke: css("var(--grid)"), width: 1};
    const font = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
    const draw = [zero], drawClear = [], cursor = [resting];
    if (spec.bands) { drawClear.push(bands(spec)); draw.push(bandNames(spec)); }
    if (spec.marks) { const found = triangles(spec, tip); draw.push(found.draw); cursor.push(found.setCursor); }
    const series = [{label: spec.time ? "Time" : spec.xlabel, value: (u, value) => value == null ? "–"
      : spec.time ? moment(value) : units[spec.xunit](value)}];
    for (const one of spec.series) {
      const bars = one.kind === "bars";
      series.push({
        label: one.label, stroke: bars ? undefined : css(one.colour), width: one.width || 1.6, dash: one.dash,
        fill: bars ? css(one.colour) : one.fill ? css(one.fill) : undefined, spanGaps: false, points: {show: false},
        fillTo: one.fill === "var(--fallfill)" ? 0 : undefined,
        paths: bars ? uPlot.paths.bars({size: [0.8, 42]}) : one.kind === "step" ? uPlot.paths.stepped({align: 1}) : undefined,
        value: (u, value) => value == null ? "–" : units[spec.unit](value),
      });
    }
    const [low, high] = spec.range || [null, null];
    return {
      width: place.clientWidth, height: spec.height, tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: {x: {time: spec.time}, y: {range: (u, min, max) => {
        if (min == null) return [0, 1];
        const pad = (max - min || Math.abs(max) || 1) * 0.08;
        return [low ?? (spec.floor && min >= 0 ? 0 : min - pad), high ?? (spec.ceiling && max <= 0 ? 0 : max + pad)];
      }}},
      cursor: {sync: spec.time ? {key: cursors.key, setSeries: false} : undefined, drag: {x: true, y: false, dist: 6},
        points: {size: 6}},
      axes: [{stroke: ink, grid, ticks: grid, font, values: spec.time ? dates : (u, all) => all.map(compact[spec.xunit])},
        {stroke: ink, grid, ticks: grid, font, size: 58, values: (u, all) => all.map(compact[spec.unit])}],
      legend: {live: true}, series,
      hooks: {draw, drawClear, setCursor: cursor, setScale: [follow], ready: [pinch, resting]},
    };
  }

  function build() {
    for (const one of drawn.splice(0)) one.destroy();
    for (const place of document.querySelectorAll("[data-chart]")) {
      const spec = specs[place.dataset.chart];
      place.querySelectorAll(".tip").forEach(one => one.remove());
      const tip = document.createElement("div");
      tip.className = "tip";
      place.append(tip);
      const u = new uPlot(options(spec, place, tip), [spec.x, ...spec.series.map(one => one.values)], place);
      u.timed = spec.time;
      u.limits = [spec.x[0], spec.x[spec.x.length - 1]];
      u.spec = spec;
      drawn.push(u);
    }
  }

  function resize() {
    for (const u of drawn) {
      const wide = u.root.parentElement.clientWidth;
      if (wide && wide !== u.width) u.setSize({width: wide, height: u.spec.height});
    }
  }

  document.addEventListener("click", event => {
    const button = event.target.closest("button[data-zoom],button[data-save],#menu");
    if (!button) return;
    if (button.id === "menu") {
      const open = button.closest("nav").classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    } else if (button.dataset.save) {
      const text = document.getElementById("csv-" + button.dataset.save).textContent;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text.trimStart()], {type: "text/csv"}));
      link.download = button.dataset.save + ".csv";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    } else {
      const u = drawn.find(one => one.timed);
      if (!u) return;
      const [low, high] = u.limits, {min, max} = u.scales.x, middle = (min + max) / 2, half = (max - min) / 2;
      const wanted = button.dataset.zoom;
      if (wanted === "all") window_of(u, low, high);
      else if (wanted === "in") window_of(u, middle - half / 2, middle + half / 2);
      else if (wanted === "out") window_of(u, middle - half * 2, middle + half * 2);
      else if (wanted === "left" || wanted === "right") {
        const step = Math.max(low - min, Math.min(high - max, (wanted === "left" ? -1 : 1) * half));
        window_of(u, min + step, max + step);
      } else window_of(u, ...wanted.split(",").map(Number));
    }
  });
  document.querySelectorAll("nav .links a").forEach(link => link.addEventListener("click", () => {
    link.closest("nav").classList.remove("open");
    document.getElementById("menu").setAttribute("aria-expanded", "false");
  }));

  // a link to something folded away opens it
  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (target) target.scrollIntoView();
  }
  build();
  new ResizeObserver(resize).observe(document.querySelector("main"));
  document.addEventListener("toggle", resize, true);
  dark.addEventListener("change", build);
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
})();
