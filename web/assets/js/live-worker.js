// One stream per address for all tabs of this browser: a browser opens only six connections to a server, and a
// seventh tab with a stream of its own would hang.
const streams = new Map();

function open(url) {
  const source = new EventSource(url);
  const stream = { source, ports: new Set(), alive: true };
  const tell = (kind, event) => {
    for (const port of stream.ports) port.postMessage({ kind, data: event?.data ?? "" });
  };
  source.addEventListener("open", () => tell("open"));
  source.addEventListener("change", (event) => tell("change", event));
  source.addEventListener("error", () => {
    tell("down");
    if (source.readyState === EventSource.CLOSED) streams.delete(url.split("?")[0]);
  });
  return stream;
}

self.addEventListener("connect", ({ ports: [port] }) => {
  let key = null;
  port.addEventListener("message", ({ data }) => {
    if (data.follow) {
      key = data.follow.split("?")[0];
      if (!streams.has(key)) streams.set(key, open(data.follow));
      streams.get(key).ports.add(port);
      // A tab that joins late may have missed something since its page was made.
      port.postMessage({ kind: "change", data: "{}" });
    } else if (data.leave && key && streams.has(key)) {
      const stream = streams.get(key);
      stream.ports.delete(port);
      if (stream.ports.size === 0) {
        stream.source.close();
        streams.delete(key);
      }
    }
  });
  port.start();
});
