
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const NS = "http://www.w3.org/2000/svg";
  const STATES = ["waiting", "starting", "ready", "unready", "draining", "down"];
  const WIDTH = 1000, LEFT = 178, RIGHT = 64, PLOT = WIDTH - LEFT - RIGHT;
  const tip = document.getElementById("tip");
  const MOST_LINES = 24;

  // Every text goes in as text: nothing of a report is ever read as markup.
  const make = (name, attributes, ...children) => {
    const made = name.startsWith("svg:")
      ? document.createElementNS(NS, name.slice(4)) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const svg = (name, attributes, ...children) => make("svg:" + name, attributes, ...children);
  const write = (x, y, text, kind) => svg("text", { x, y, class: kind || "" }, text);
  const segment = (x1, y1, x2, y2, kind) => svg("line", { x1, y1, x2, y2, class: kind });

  const time = (ms) => {
    if (ms < 60000) return `${(ms / 1000).toFixed(ms % 1000 ? 1 : 0)}s`;
    const s = Math.round(ms / 1000), two = (n) => String(n).padStart(2, "0");
    if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
    return `${Math.floor(s / 3600)}h${two(Math.floor(s % 3600 / 60))}m${s % 60 ? two(s % 60) + "s" : ""}`;
  };
  const count = (n) => n.toLocaleString("en", { maximumFractionDigits: n < 10 ? 1 : 0 });
  // The last entry of [[time, …], …] that is not after a time; entries are sorted.
  const at = (entries, ms) => {
    let low = 0, high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[middle][0] <= ms) low = middle + 1; else high = middle;
    }
    return low ? entries[low - 1] : null;
  };

  // -- patterns, once for all charts --------------------------------------------------------
  const patterns = () => {
    const pattern = (name, size, ...marks) => svg("pattern",
      { id: "p-" + name, width: size, height: size, patternUnits: "userSpaceOnUse" },
      svg("rect", { width: size, height: size, class: "c-" + name }), ...marks);
    const path = (d, kind) => svg("path", { d, class: kind || "grain" });
    return svg("svg", { width: 0, height: 0, "aria-hidden": "true", focusable: "false" }, svg("defs", {},
      pattern("waiting", 5, svg("circle", { cx: 2.5, cy: 2.5, r: .9, class: "grain-dot" })),
      pattern("starting", 7, path("M-1,8 L8,-1 M-2,2 L2,-2 M5,9 L9,5")),
      pattern("draining", 7, path("M-1,-1 L8,8 M-2,5 L2,9 M5,-2 L9,2")),
      pattern("unready", 8, path("M0,0 L8,8 M8,0 L0,8")),
      pattern("down", 5, path("M0,2.5 L5,2.5", "grain-down"))));
  };

  // -- one service's chart ------------------------------------------------------------------
  class Chart {
    constructor(service, moments, domain, group) {
      Object.assign(this, { service, moments, domain, group, row: -1, ms: null });
      const rows = service.instances.length;
      this.height = rows <= 30 ? 17 : rows <= 80 ? 10 : 5;
      this.top = 30;
      this.parts = svg("g", {});
      let y = this.rows(this.top) + 14;
      y = this.ready(y) + 22;
      if (service.slices.length) {
        const rate = (i) => service.slices[i][1] / Math.max(this.span(i), .001);
        y = this.bars(y, "requests/s", rate, (i) => service.slices[i][2], "dropped") + 22;
        if (service.slices.some((s) => s[3] || s[4]))
          y = this.bars(y, "sessions", (i) => service.slices[i][3], (i) => service.slices[i][4], "cut") + 22;
      }
      this.bottom = y - 16;
      this.cursor = segment(0, this.top - 6, 0, this.bottom, "cursor");
      this.cursor.style.display = "none";
      const drawn = svg("svg", { viewBox: `0 0 ${WIDTH} ${this.bottom + 4}`, role: "img" });
      drawn.append(svg("title", {}, `${service.name}: ${service.note}`), ...this.axis(), this.parts, this.cursor);
      this.host = make("div", { class: "chart", tabindex: 0, role: "slider", "aria-valuemin": 0,
        "aria-label": `Timeline of ${service.name}. Left and right move in time, up and down choose an instance.`,
        "aria-valuemax": Math.round(domain[1] / 1000) }, drawn);
      this.listen(drawn);
      this.say(domain[0]);
    }
    x(ms) {
      const [from, to] = this.domain;
      return LEFT + PLOT * Math.min(Math.max((ms - from) / Math.max(to - from, 1), 0), 1);
    }
    span(i) {  // of a slice, in seconds
      const slices = this.service.slices;
      const end = i + 1 < slices.length ? slices[i + 1][0] : 2 * slices[i][0] - (i ? slices[i - 1][0] : 0);
      return (end - slices[i][0]) / 1000;
    }
    seen(from, to) { return to >= this.domain[0] && from <= this.domain[1]; }

    axis() {
      const [from, to] = this.domain, made = [];
      const steps = [.1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
      const step = 1000 * (steps.find((s) => (to - from) / 1000 / s <= 9) || 172800);
      for (let ms = Math.ceil(from / step) * step; ms <= to; ms += step) {
        made.push(segment(this.x(ms), this.top - 4, this.x(ms), this.bottom, "grid"));
        made.push(write(this.x(ms), 11, time(ms), "mid"));
      }
      const shapes = { change: "M-5,4 L0,-5 L5,4 Z", fault: "M-4,-5 L0,-1 L4,-5 L5,-4 L1,0 L5,4 L4,5 L0,1 L-4,5 L-5,4 L-1,0 L-5,-4 Z",
        drop: "M-4,-3 L4,-3 L0,4 Z", verdict: "M-4,-4 H4 V4 H-4 Z", scale: "M0,-5 L5,0 L0,5 L-5,0 Z", rollout: "M-2,0 A2,2 0 1 0 2,0 A2,2 0 1 0 -2,0 Z" };
      const told = this.moments.filter(([ms, , , service]) => this.seen(ms, ms) && (!service || service === this.service.name));
      // A line for each of very many faults would hide the chart behind them.
      const lined = told.filter(([, kind]) => kind === "fault").length <= MOST_LINES ? ["change", "verdict", "fault"] : ["change", "verdict"];
      const last = {};
      for (const [ms, kind, text] of told) {
        const x = this.x(ms);
        if (x - (last[kind] ?? -9) < 4 && kind !== "change" && kind !== "verdict") continue;
        last[kind] = x;
        if (lined.includes(kind)) made.push(segment(x, this.top - 6, x, this.bottom, "moment " + kind));
        made.push(svg("path", { d: shapes[kind] || shapes.rollout, transform: `translate(${x},20)`, class: "mark " + kind },
          svg("title", {}, `${time(ms)} ${kind}: ${text}`)));
      }
      return made;
    }
    rows(y) {
      this.rects = [];
      this.service.instances.forEach(([name, , , spans], row) => {
        const rects = [], top = y + row * this.height;
        if (this.height >= 10) {
          const most = Math.floor((LEFT - 12) / (this.height > 12 ? 6.8 : 5.5));
          const label = write(LEFT - 8, top + this.height - (this.height > 12 ? 5 : 2),
            name.length > most ? "…" + name.slice(1 - most) : name, this.height > 12 ? "name end" : "name end small");
          this.parts.append(label);
        }
        for (const [state, from, to] of spans) {
          if (!this.seen(from, to)) continue;
          const x = this.x(from), wide = Math.max(this.x(to) - x, 1.5);
          const rect = svg("rect", { x, y: top + .5, width: wide, height: this.height - (this.height > 8 ? 4 : 1), rx: this.height > 8 ? 2 : 0, class: "row s-" + STATES[state] });
          rects.push(rect); this.parts.append(rect);
        }
        this.rects.push(rects);
      });
      return y + this.service.instances.length * this.height;
    }
    ready(y) {
      const { ready, floors, wanted } = this.service, tall = 46;
      const floor = Math.max(0, ...floors.map((f) => f[1]));
      const most = Math.max(wanted, floor, 1, ...ready.map((r) => r[1]));
      // Among a hundred instances one that is missing must still be seen: the scale then starts above 0.
      const low = Math.min(floor || most, ...ready.filter(([ms]) => ms > 0 || ready.length === 1).map((r) => r[1]));
      const least = most - low < most / 4 ? Math.max(0, low - 2 * (most - low) - 2) : 0;
      const up = (n) => y + tall - tall * Math.max(n - least, 0) / (most - least);
      this.label(y + tall / 2, "ready", "");
      this.scale(y + tall, least);
      if (floor !== most) this.scale(y, most);
      let d = "";
      ready.forEach(([ms, n], i) => {
        const end = i + 1 < ready.length ? ready[i + 1][0] : this.domain[1];
        if (!this.seen(ms, end)) return;
        d += `${d ? "L" : "M"}${this.x(ms)},${up(n)} H${this.x(end)} `;
        this.steps(floors).forEach(([from, to, low]) => {
          if (n < low && from < end && to > ms) {
            const x = this.x(Math.max(from, ms)), wide = Math.max(this.x(Math.min(to, end)) - x, 1);
            this.parts.append(svg("rect", { x, y: up(low), width: wide, height: up(n) - up(low), class: "below" }));
          }
        });
      });
      this.parts.append(segment(LEFT, y + tall, LEFT + PLOT, y + tall, "grid"), svg("path", { d: d || "M0,0", class: "step" }));
      const shown = this.steps(floors).filter(([from, to, n]) => n && this.seen(from, to));
      for (const [from, to, n] of shown) this.parts.append(segment(this.x(from), up(n), this.x(to), up(n), "floor"));
      if (shown.length) {
        const n = shown.at(-1)[2];
        this.parts.append(write(LEFT + PLOT + 5, Math.max(up(n) + 4, n === most ? 0 : y + 15), `${n} floor`));
      }
      return y + tall;
    }
    steps(found) { return found.map(([ms, n], i) => [ms, i + 1 < found.length ? found[i + 1][0] : Math.max(this.domain[1], ms), n]); }
    bars(y, name, above, below, lost) {  // what goes well upwards, what is lost downwards, each to its own scale
      const slices = this.service.slices, tall = 46, deep = 22, base = y + tall;
      const range = slices.map((_, i) => i).filter((i) => this.seen(slices[i][0], slices[i][0] + 1000 * this.span(i)));
      const most = Math.max(1, ...range.map(above)), worst = Math.max(0, ...range.map(below));
      this.label(y + tall / 2, name, ""); this.scale(y, most); this.scale(base, 0);
      let area = `M${LEFT},${base} `, line = "";
      for (const i of range) {
        const x = this.x(slices[i][0]), end = this.x(slices[i][0] + 1000 * this.span(i)), top = base - tall * above(i) / most;
        area += `L${x},${top} H${end} `; line += `${line ? "L" : "M"}${x},${top} H${end} `;
        if (below(i)) this.parts.append(svg("rect", { x, y: base + 1, width: Math.max(end - x - .5, 1.5), height: Math.max(deep * below(i) / worst, 2.5), class: "lost" }));
      }
      this.parts.prepend(name === "sessions" ? svg("path", { d: line || "M0,0", class: "open" })
        : svg("path", { d: area + `V${base} Z`, class: "served" }));
      this.parts.append(segment(LEFT, base, LEFT + PLOT, base, "base"));
      if (!worst) return base;
      this.label(base + deep / 2, lost, ""); this.scale(base + deep, worst);
      return base + deep;
    }
    label(y, text) { this.parts.append(write(LEFT - 8, y + 4, text, "name end")); }
    scale(y, n) { this.parts.append(write(LEFT + PLOT + 5, y + 4, count(n))); }

    // -- what is told of a time --------------------------------------------------------------
    words(ms) {
      const { ready, floors, slices, instances } = this.service, told = [];
      const now = at(ready, ms), floor = at(floors, ms)?.[1], slice = at(slices, ms);
      if (now) told.push(`${now[1]} ready${floor ? `, floor ${floor}` : ""}`);
      if (slice) {
        const seconds = Math.max(this.span(slices.indexOf(slice)), .001);
        told.push(`${count(slice[1] / seconds)} requests/s served, ${slice[2]} dropped`);
        if (slice[3] || slice[4]) told.push(`${slice[3]} sessions open, ${slice[4]} cut`);
      }
      if (this.row >= 0 && instances[this.row]) {
        const [name, revision, node, spans] = instances[this.row];
        const span = spans.find(([, from, to]) => from <= ms && ms < to);
        told.push(`${name}: ${span ? `${STATES[span[0]]}, ${time(span[1])} to ${time(span[2])}` : "not there"}`);
        told.push([revision && `revision ${revision}`, node && `on ${node}`].filter(Boolean).join(", "));
      }
      const near = (this.domain[1] - this.domain[0]) / 120;
      for (const [when, kind, text, service] of this.moments)
        if (Math.abs(when - ms) <= near && told.length < 9 && (!service || service === this.service.name)) told.push(`${time(when)} ${kind}: ${text}`);
      return [time(ms), ...told.filter(Boolean)];
    }
    say(ms) {
      this.ms = ms;
      this.host.setAttribute("aria-valuenow", Math.round(ms / 1000));
      this.host.setAttribute("aria-valuetext", this.words(ms).join("; "));
    }
    point(ms, x, y) {
      this.say(ms);
      this.rects.forEach((rects, row) => rects.forEach((rect) => rect.classList.toggle("at", row === this.row)));
      for (const chart of this.group) {
        chart.cursor.style.display = "";
        chart.cursor.setAttribute("transform", `translate(${chart.x(ms)},0)`);
      }
      tip.textContent = this.words(ms).join("\n");
      tip.hidden = false;
      tip.style.left = Math.max(4, Math.min(x + 16, innerWidth - tip.offsetWidth - 8)) + "px";
      tip.style.top = Math.max(4, Math.min(y + 16, innerHeight - tip.offsetHeight - 8)) + "px";
    }
    leave() {
      tip.hidden = true; this.row = -1;
      this.rects.forEach((rects) => rects.forEach((rect) => rect.classList.remove("at")));
      for (const chart of this.group) chart.cursor.style.display = "none";
    }
    listen(drawn) {
      const [from, to] = this.domain, rows = this.service.instances.length;
      drawn.addEventListener("pointermove", (event) => {
        const box = drawn.getBoundingClientRect(), scale = WIDTH / box.width;
        const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
        if (x < LEFT || x > LEFT + PLOT) return this.leave();
        const row = Math.floor((y - this.top) / this.height);
        this.row = row >= 0 && row < rows ? row : -1;
        this.point(from + (to - from) * (x - LEFT) / PLOT, event.clientX, event.clientY);
      });
      drawn.addEventListener("pointerleave", () => this.leave());
      this.host.addEventListener("blur", () => this.leave());
      this.host.addEventListener("keydown", (event) => {
        const step = (to - from) / (event.shiftKey ? 20 : 200);
        const moves = { ArrowLeft: -step, ArrowRight: step, Home: from - this.ms, End: to - this.ms, ArrowUp: 0, ArrowDown: 0 };
        if (event.key === "Escape") return this.leave();
        if (!(event.key in moves)) return;
        event.preventDefault();
        if (event.key === "ArrowUp") this.row = Math.max(this.row - 1, -1);
        if (event.key === "ArrowDown") this.row = Math.min(this.row + 1, rows - 1);
        const ms = Math.min(Math.max(this.ms + moves[event.key], from), to);
        const box = drawn.getBoundingClientRect();
        const y = this.row >= 0 ? this.top + this.row * this.height : this.top;
        this.point(ms, box.left + this.x(ms) * box.width / WIDTH, box.top + y * box.width / WIDTH);
      });
    }
  }

  // -- a run, and the choice among them --------------------------------------------------------
  const table = (head, rows) => make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((text) => make("td", {}, text)))))));
  const same = (run) => {
    const rows = run.services.flatMap((s) => s.instances.map(([name, revision, node, spans]) => [s.name, name, revision, node,
      spans.map(([state, from, to]) => `${STATES[state]} ${time(from)}–${time(to)}`).join(", ")]));
    const made = make("details", {}, make("summary", {}, "The same as tables"));
    made.append(table(["service", "instance", "revision", "node", "states"], rows));
    made.append(table(["time", "what", "service", ""], run.moments.map(([ms, kind, text, service]) => [time(ms), kind, service, text])));
    return made;
  };
  const MOMENTS = 12;
  const moments = (run, domain) => {
    const told = run.moments.filter(([ms, kind]) => ms >= domain[0] && ms <= domain[1] && kind !== "drop");
    const firm = ([, kind]) => kind === "change" || kind === "verdict";
    const picked = new Set([...told.filter(firm), ...told.filter((each) => !firm(each))].slice(0, MOMENTS));
    const made = make("ol", { class: "moments" }, ...told.filter((each) => picked.has(each)).map(([ms, kind, text, service]) =>
      make("li", {}, make("time", {}, time(ms)), ` ${kind}: ${service ? service + ": " : ""}${text}`)));
    if (told.length > MOMENTS) made.append(make("li", {}, `and ${told.length - MOMENTS} more, in the table below`));
    return made;
  };
  const of = (report, seed) => report.runs.find((each) => each.seed === seed) || report.runs[0];
  const show = (run, domain, host) => {
    const charts = [];
    host.replaceChildren();
    for (const service of run.services) {
      if (!service.instances.length && !service.slices.length) continue;
      const still = !service.slices.length && service.instances.every(([, , , spans]) =>
        spans.every(([state, from, to]) => STATES[state] === "ready" && from <= domain[0] && to >= domain[1]));
      if (still) {
        host.append(make("h3", {}, service.name, make("small", {}, `${service.note}; ${service.instances.length} ready throughout`)));
        continue;
      }
      const chart = new Chart(service, run.moments, domain, charts);
      charts.push(chart);
      host.append(make("h3", {}, service.name, make("small", {}, service.note)), chart.host);
    }
    host.append(moments(run, domain), same(run));
  };

  const hosts = data.reports.map((_, i) => document.getElementById("run-" + i));
  const seeds = document.getElementById("seed"), whole = document.getElementById("whole");
  const draw = () => {  // two runs side by side share their time axis too
    const runs = data.reports.map((report) => of(report, Number(seeds.value)));
    const ends = runs.map((run) => whole.checked ? [0, run.lasted] : run.window);
    const domain = [Math.min(...ends.map((e) => e[0])), Math.max(...ends.map((e) => e[1]))];
    runs.forEach((run, i) => show(run, domain, hosts[i]));
    document.getElementById("which").textContent = seeds.selectedOptions[0].textContent;
  };
  document.body.prepend(patterns());
  for (const [seed, text] of data.seeds) seeds.append(make("option", { value: seed }, text));
  seeds.addEventListener("change", draw);
  whole.addEventListener("change", draw);
  draw();

  // On paper nothing can be opened.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open]):not(.long)")];
    closed.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
})();
