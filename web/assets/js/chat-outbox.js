// Messages on their way: kept in this browser until the desk has confirmed them, and sent one after the other. Each keeps
// its id however often it is sent, so the desk stores it once.
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30000;

// A shelf that outlives the page; where the browser has none (private windows) messages live as long as the page does.
function openShelf() {
  return new Promise((resolve) => {
    try {
      const asked = indexedDB.open("desk-outbox", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("waiting", { keyPath: "id" });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

function ask(shelf, mode, work) {
  return new Promise((resolve) => {
    try {
      const step = shelf.transaction("waiting", mode);
      const request = work(step.objectStore("waiting"));
      step.oncomplete = () => resolve(request.result);
      step.onabort = step.onerror = () => resolve(undefined);
    } catch {
      resolve(undefined); // no shelf, or a browser that keeps no files
    }
  });
}

// `post` sends one message and tells {stored, notes} or {later, seconds, notes}; `told` hears how far each one is.
export function openOutbox({ base, post, told }) {
  const opened = openShelf();
  const waiting = [];
  let busy = false;
  let pause = FIRST_PAUSE;
  let timer = 0;

  async function keep(mode, work) {
    return ask(await opened, mode, work);
  }

  async function run() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    while (waiting.length) {
      const message = waiting[0];
      told(message, "sending", {});
      const result = await post(message);
      if (result.later) {
        for (const one of waiting) told(one, "queued", one === message ? result : {});
        timer = setTimeout(run, result.seconds ? result.seconds * 1000 : pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
        break;
      }
      pause = FIRST_PAUSE;
      waiting.shift();
      keep("readwrite", (shelf) => shelf.delete(message.id));
      told(message, result.stored ? "sent" : "refused", result);
    }
    busy = false;
  }

  return {
    run,
    add(message) {
      const whole = { ...message, base, at: Date.now() };
      waiting.push(whole);
      keep("readwrite", (shelf) => shelf.put(whole));
      told(whole, waiting.length > 1 && !busy ? "queued" : "sending", {});
      return run();
    },
    // What was written before the page was closed or lost its connection; `known` says what the desk already has.
    async restore(known) {
      const kept = ((await keep("readonly", (shelf) => shelf.getAll())) ?? []).filter((one) => one.base === base);
      for (const message of kept.sort((one, other) => one.at - other.at)) {
        if (waiting.some((one) => one.id === message.id)) continue;
        if (known(message.id)) {
          keep("readwrite", (shelf) => shelf.delete(message.id));
          continue;
        }
        waiting.push(message);
        told(message, "sending", {});
      }
      return run();
    },
  };
}
