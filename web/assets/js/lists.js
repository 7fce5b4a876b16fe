// Keeps the queue and the alarms fresh. Rows never jump under the pointer: while it is over them, a button waits.
import { alarms } from "./alarm.js";
import { follow, once } from "./live.js";

const { piece: address, cursor, tFresh, often } = document.body.dataset;
const piece = document.getElementById("piece");
let offered = null;

function count() {
  const told = piece.querySelector("[data-alarms]");
  if (told) alarms(Number(told.dataset.alarms));
}

function busy() {
  return piece.querySelector("tbody:hover, .held:hover, .alarm-list:hover") || piece.contains(document.activeElement);
}

function put(html) {
  piece.innerHTML = html;
  offered = null;
  count();
}

const refresh = once(async () => {
  const answer = await fetch(address);
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const html = await answer.text();
  const probe = document.createElement("template");
  probe.innerHTML = html;
  const told = probe.content.querySelector("[data-alarms]");
  if (told) alarms(Number(told.dataset.alarms));
  if (!busy()) return put(html);
  if (offered) {
    offered.html = html;
    return;
  }
  const button = document.createElement("button");
  button.className = "btn fresh-note";
  button.textContent = tFresh;
  offered = { html };
  button.addEventListener("click", () => put(offered.html));
  (piece.querySelector(".tabs") ?? piece).prepend(button);
});

count();
follow(`/staff/events?cursor=${encodeURIComponent(cursor)}`, { change: refresh, state: (up) => up && refresh() });
setInterval(refresh, often ? 10000 : 45000);
