// Says that this page is open and whether something is being written, and shows who else is here.
const EVERY_MS = 20000;
const WRITING_MS = 5000;

export function presence(conversation, show) {
  if (!conversation) return { look() {}, writes() {}, stopped() {} };
  const address = `/staff/conversations/${conversation}/here`;
  let writing = false;
  let timer = 0;

  async function say() {
    if (document.hidden) return;
    const body = new URLSearchParams({ writing: writing ? "1" : "" });
    const answer = await fetch(address, { method: "POST", body, headers: { accept: "application/json" } });
    if (answer.ok) show((await answer.json()).here);
  }

  function stopped() {
    clearTimeout(timer);
    if (!writing) return;
    writing = false;
    say();
  }

  function writes() {
    clearTimeout(timer);
    timer = setTimeout(stopped, WRITING_MS);
    if (writing) return;
    writing = true;
    say();
  }

  say();
  setInterval(say, EVERY_MS);
  document.addEventListener("visibilitychange", say);
  return { look: say, writes, stopped };
}
