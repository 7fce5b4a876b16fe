// Follows the server's stream of changes: through the shared worker where there is one, else by a stream of one's own.

export function follow(url, { change, state = () => {} }) {
  const worker = document.body.dataset.worker;
  if (worker && typeof SharedWorker === "function") {
    const { port } = new SharedWorker(worker, { name: "desk-live" });
    port.addEventListener("message", ({ data }) => {
      if (data.kind === "change") change(read(data.data));
      else state(data.kind === "open");
    });
    port.start();
    port.postMessage({ follow: url });
    window.addEventListener("pagehide", () => port.postMessage({ leave: true }));
    window.addEventListener("pageshow", (event) => event.persisted && port.postMessage({ follow: url }));
    return;
  }
  const source = new EventSource(url);
  source.addEventListener("open", () => state(true));
  source.addEventListener("error", () => state(false));
  source.addEventListener("change", (event) => change(read(event.data)));
}

function read(data) {
  try {
    return JSON.parse(data || "{}");
  } catch {
    return {};
  }
}

// Runs an asynchronous task, never twice at once; calls that come meanwhile lead to one more run.
export function once(task) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await task();
    } finally {
      running = false;
      if (again) {
        again = false;
        run();
      }
    }
  };
}
