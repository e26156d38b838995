// What the archive adds to OHIF on the viewer's page. Loaded after viewer/app-config.js, which sets
// window.config (OHIF's) and window.pacsViewer (ours), and before OHIF itself.
//   - A request answered 401 waits, unseen by OHIF, until the person has signed in again; then it is sent again.
//   - Requests that change something carry the CSRF token.
//   - Searches are narrowed to the persons of the open studies.
//   - The arrow in the header leads to the archive's own study list.
//   - A notice says when images are still arriving or were refused.
"use strict";

(() => {
  const { root, name, listUrl, signInUrl, csrfCookie, language, texts } = window.pacsViewer;
  const NativeRequest = window.XMLHttpRequest;
  const nativeFetch = window.fetch.bind(window);
  const nativePushState = history.pushState.bind(history);
  const PROBE_EVERY_MS = 3000;
  const ARRIVAL_EVERY_MS = 30000;

  const isOurs = (url) => new URL(url, location.href).origin === location.origin;
  const isReading = (method) => /^(GET|HEAD|OPTIONS)$/i.test(method);
  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

  // Read at each sending: signing in again changes it.
  function csrfToken() {
    const cookie = document.cookie.split("; ").find((pair) => pair.startsWith(`${csrfCookie}=`));
    return cookie ? decodeURIComponent(cookie.slice(csrfCookie.length + 1)) : "";
  }

  // --- Signing in again ------------------------------------------------------------------------------------

  let waiting = null;
  function signedInAgain() {
    waiting ??= askToSignIn().finally(() => { waiting = null; });
    return waiting;
  }

  async function askToSignIn() {
    const dialog = signInDialog();
    document.body.append(dialog.element);
    dialog.element.showModal();
    for (;;) {
      const status = await probe();
      if (status === 200) {
        break;
      }
      if (status === 403 || status === 404) {
        location.reload(); // someone without a right to this study has signed in: nothing of it may stay
        return new Promise(() => {});
      }
      await pause(PROBE_EVERY_MS);
    }
    dialog.window()?.close();
    dialog.element.remove();
  }

  const probe = () => nativeFetch(statusUrl(openStudies()[0] ?? "")).then((answer) => answer.status, () => 0);

  // A window, not a frame: the sign-in page forbids being framed, and people can check its address.
  function signInDialog() {
    let opened = null;
    const button = make("button", { type: "button", textContent: texts.signInAgain, autofocus: true });
    button.addEventListener("click", () => { opened = window.open(signInUrl, "sign-in", "width=480,height=720"); });
    const heading = make("h1", { id: "pacs-signed-out", textContent: texts.signedOut });
    const element = make("dialog", { className: "pacs-dialog" }, heading,
      make("p", { textContent: texts.placeIsKept }), button);
    element.setAttribute("aria-labelledby", heading.id);
    // A second Escape closes a dialog whatever "cancel" says.
    element.addEventListener("close", () => element.showModal());
    return { element, window: () => opened };
  }

  class PatientRequest extends NativeRequest {
    #opened = null;
    #headers = [];
    #body = null;
    #isGivenUp = false;

    constructor() {
      super();
      // First in line, so that nobody else hears of an answer that is held back.
      for (const type of ["readystatechange", "progress", "load", "loadend"]) {
        this.addEventListener(type, (event) => this.#holdBack(event));
      }
    }

    open(...opened) {
      this.#opened = opened;
      this.#headers = [];
      super.open(...opened);
    }

    setRequestHeader(header, value) {
      this.#headers.push([header, value]);
      super.setRequestHeader(header, value);
    }

    send(body = null) {
      this.#body = body;
      this.#isGivenUp = false;
      const [method, url] = this.#opened;
      if (!isReading(method) && isOurs(url)) {
        super.setRequestHeader("X-CSRFToken", csrfToken());
      }
      super.send(body);
    }

    abort() {
      this.#isGivenUp = true;
      super.abort();
    }

    #holdBack(event) {
      if (this.status !== 401 || !isOurs(this.#opened[1])) {
        return;
      }
      event.stopImmediatePropagation();
      if (event.type === "loadend") {
        signedInAgain().then(() => this.#sendAgain());
      }
    }

    #sendAgain() {
      if (this.#isGivenUp) {
        return;
      }
      super.open(...this.#opened);
      this.#headers.forEach(([header, value]) => super.setRequestHeader(header, value));
      this.send(this.#body);
    }
  }

  async function patientFetch(input, init) {
    const request = new Request(input, init);
    if (!isOurs(request.url)) {
      return nativeFetch(request);
    }
    for (;;) {
      const attempt = request.clone();
      if (!isReading(request.method)) {
        attempt.headers.set("X-CSRFToken", csrfToken());
      }
      const answer = await nativeFetch(attempt);
      if (answer.status !== 401) {
        return answer;
      }
      await signedInAgain();
    }
  }

  // --- The study's state -------------------------------------------------------------------------------------

  const openStudies = () => new URLSearchParams(location.search).getAll("StudyInstanceUIDs")
    .flatMap((value) => value.split(","));
  const statusUrl = (study) => `${root}/viewer/status?study=${encodeURIComponent(study)}`;

  async function watchArrival() {
    let wasArriving = false;
    for (;;) {
      const { arriving, refused } = await studyState();
      showNotice({ arriving, refused, complete: wasArriving && !arriving });
      if (!arriving) {
        return;
      }
      wasArriving = true;
      await pause(ARRIVAL_EVERY_MS);
    }
  }

  // A state that cannot be had says nothing: the images themselves report what is wrong.
  async function studyState() {
    const states = await Promise.all(openStudies().map((study) => nativeFetch(statusUrl(study))
      .then((answer) => (answer.ok ? answer.json() : {}), () => ({}))));
    return {
      arriving: states.some((state) => state.arriving),
      refused: states.reduce((sum, state) => sum + (state.refused ?? 0), 0),
    };
  }

  function showNotice({ arriving, refused, complete }) {
    const lines = [
      arriving && texts.arriving,
      complete && texts.complete,
      refused === 1 && texts.refusedOne,
      refused > 1 && texts.refusedMany.replace("{count}", refused),
    ].filter(Boolean);
    document.getElementById("pacs-notice")?.remove();
    if (lines.length === 0) {
      return;
    }
    const close = make("button", { type: "button", textContent: texts.dismiss });
    const reload = make("button", { type: "button", textContent: texts.reload });
    const notice = make("div", { id: "pacs-notice" }, make("span", { textContent: lines.join(" ") }),
      ...(complete ? [reload] : []), close);
    notice.setAttribute("role", "status");
    close.addEventListener("click", () => notice.remove());
    reload.addEventListener("click", () => location.reload());
    document.body.append(notice);
  }

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // --- Putting it in place -----------------------------------------------------------------------------------

  // OHIF's router leaves the viewer for its own list at <root>/; ours is elsewhere.
  function pushState(state, title, url) {
    if (listUrl && url && new URL(url, location.href).pathname === `${root}/`) {
      location.assign(listUrl);
    } else {
      nativePushState(state, title, url);
    }
  }

  window.XMLHttpRequest = PatientRequest;
  window.fetch = patientFetch;
  history.pushState = pushState;
  // OHIF asks for earlier studies by bare patient ID; beside the open ones it hears of their persons alone.
  if (openStudies().length > 0) {
    const { configuration } = window.config.dataSources[0];
    configuration.qidoRoot += `/beside/${openStudies().map(encodeURIComponent).join(",")}`;
  }
  window.config.whiteLabeling = {
    createLogoComponentFn: (React) => React.createElement("span", { className: "pacs-name" }, name),
  };
  window.config.httpErrorHandler = (error) => console.error("The archive answered", error?.status);
  document.documentElement.lang = language;
  localStorage.setItem("i18nextLng", language);
  document.addEventListener("DOMContentLoaded", watchArrival);
})();
