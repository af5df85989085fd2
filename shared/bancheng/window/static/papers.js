/* Papers at a case's page: signing on the screen, and sending a file without losing it when it is refused.
   Without this file every form still works: a browser then sends the photo of the signed paper itself. */
"use strict";
(() => {
  /* What was drawn, as strokes in the canvas's own points: it is drawn again whenever its size changes. */
  class Pad {
    constructor(box) {
      this.box = box;
      this.canvas = box.querySelector("canvas");
      this.strokes = [];
      this.stroke = null;
      this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
      this.canvas.addEventListener("pointermove", (event) => this.go(event));
      for (const kind of ["pointerup", "pointercancel"]) this.canvas.addEventListener(kind, (event) => this.end(event));
      box.querySelector("[data-clear]").addEventListener("click", () => this.clear());
      new ResizeObserver(() => this.paint()).observe(this.canvas);
    }

    get isBlank() {
      return this.strokes.length === 0;
    }

    begin(event) {
      if (!event.isPrimary || event.button !== 0) return;
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      this.stroke = [this.point(event)];
      this.strokes.push(this.stroke);
      this.paint();
    }

    go(event) {
      if (!this.stroke || !event.isPrimary) return;
      const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const each of all.length ? all : [event]) this.stroke.push(this.point(each));
      this.paint();
    }

    end(event) {
      if (event.isPrimary) this.stroke = null;
    }

    clear() {
      this.strokes = [];
      this.stroke = null;
      this.paint();
    }

    point(event) {
      const frame = this.canvas.getBoundingClientRect();
      const width = event.pointerType === "pen" && event.pressure > 0 ? 1.2 + 2.6 * event.pressure : 2.4;
      return { x: event.clientX - frame.left, y: event.clientY - frame.top, width };
    }

    paint() {
      const ratio = window.devicePixelRatio || 1;
      const { clientWidth, clientHeight } = this.canvas;
      if (!clientWidth) return;
      this.canvas.width = Math.round(clientWidth * ratio);
      this.canvas.height = Math.round(clientHeight * ratio);
      draw(this.canvas.getContext("2d"), this.strokes, ratio, 0, 0);
    }

    /* A PNG of what was drawn and a margin around it, on white, sharp enough for the printed form. */
    picture() {
      const points = this.strokes.flat();
      const [xs, ys] = [points.map((each) => each.x), points.map((each) => each.y)];
      const margin = 10;
      const [left, top] = [Math.min(...xs) - margin, Math.min(...ys) - margin];
      const [width, height] = [Math.max(...xs) - left + margin, Math.max(...ys) - top + margin];
      const scale = Math.min(3, 2400 / Math.max(width, height));
      const sheet = document.createElement("canvas");
      sheet.width = Math.ceil(width * scale);
      sheet.height = Math.ceil(height * scale);
      const context = sheet.getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, sheet.width, sheet.height);
      draw(context, this.strokes, scale, left, top);
      return new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
    }
  }

  function draw(context, strokes, scale, left, top) {
    context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = context.fillStyle = "#111";
    for (const stroke of strokes) {
      const [first] = stroke;
      context.beginPath();
      context.arc(first.x, first.y, first.width / 2, 0, 2 * Math.PI);
      context.fill();
      for (let each = 1; each < stroke.length; each += 1) {
        const [from, to] = [stroke[each - 1], stroke[each]];
        context.beginPath();
        context.lineWidth = (from.width + to.width) / 2;
        context.moveTo(from.x, from.y);
        context.lineTo(to.x, to.y);
        context.stroke();
      }
    }
  }

  /* Drawing and attaching are two ways to the same end: one of them is shown. */
  function chooseWay(form, box) {
    const method = form.elements.namedItem("method");
    if (!method.value) method.value = "drawn";
    const fields = ["file", "paper"].map((name) => form.elements.namedItem(name)).filter(Boolean);
    const show = () => {
      const isDrawn = method.value === "drawn";
      box.hidden = !isDrawn;
      for (const field of fields) {
        field.closest(".field").hidden = isDrawn;
        field.disabled = isDrawn;
      }
    };
    method.addEventListener("change", show);
    show();
  }

  function say(form, text) {
    let place = form.querySelector("[data-problem]");
    if (!place) {
      place = document.createElement("p");
      place.className = "error-text";
      place.dataset.problem = "";
      place.setAttribute("role", "alert");
      form.querySelector("[type=submit]").before(place);
    }
    place.textContent = text;
  }

  function clear(form) {
    for (const old of form.querySelectorAll(".error-text")) old.remove();
  }

  /* What the answered page says is wrong, put into the form that is still filled in. */
  function tell(form, html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const problem = page.querySelector("[role=alert]:not([hidden])");
    clear(form);
    const said = problem ? problem.innerText.replace(/\s+/g, " ").trim() : form.dataset.unsent;
    say(form, said);
    const again = [...page.forms].find((each) => each.getAttribute("action") === form.getAttribute("action"));
    if (!again) return;
    for (const error of again.querySelectorAll(".field .error-text")) {
      const field = document.getElementById(error.id.replace(/-error$/, ""));
      const isSaid = said.includes(error.innerText.trim());
      if (field && !isSaid) field.closest(".field").append(document.importNode(error, true));
    }
    const [version, newer] = [form.elements.namedItem("version"), again.elements.namedItem("version")];
    if (version && newer) version.value = newer.value;
  }

  /* Whoever signed in again has another token than this page: the answer brings it. Whether there was one. */
  async function renewed(form, body, answer) {
    if (answer.status !== 403) return false;
    const page = new DOMParser().parseFromString(await answer.clone().text(), "text/html");
    const again = [...page.forms].find((each) => each.getAttribute("action") === form.getAttribute("action"));
    const [token, newer] = [form.elements.namedItem("csrf"), again && again.elements.namedItem("csrf")];
    if (!newer || !newer.value || newer.value === token.value) return false;
    token.value = newer.value;
    body.set("csrf", newer.value);
    return true;
  }

  async function send(form, pad) {
    const body = new FormData(form);
    const file = body.get("file");
    if (pad && body.get("method") === "drawn") {
      if (pad.isBlank) return say(form, form.dataset.blank);
      body.set("file", await pad.picture(), pad.box.dataset.name);
    } else if (file && file.size > Number(form.dataset.mostBytes)) {
      return say(form, form.dataset.tooLarge);
    }
    let answer = await fetch(form.action, { method: "POST", body });
    if (await renewed(form, body, answer)) answer = await fetch(form.action, { method: "POST", body });
    if (!answer.redirected) return tell(form, await answer.text());
    if (new URL(answer.url).pathname === "/sign-in") return say(form, form.dataset.signedOut);
    return window.location.assign(answer.url);
  }

  for (const form of document.querySelectorAll("form[data-sends]")) {
    const box = form.querySelector("[data-pad]");
    const pad = box ? new Pad(box) : null;
    if (box) chooseWay(form, box);
    const button = form.querySelector("[type=submit]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      clear(form);
      try {
        await send(form, pad);
      } catch {
        say(form, form.dataset.unsent);
      } finally {
        button.disabled = false;
      }
    });
  }
})();
