// Makes itself heard: a count in the title and a short tone. Plain HTTP has no notifications, so this is the baseline.
const title = document.title;
const SILENT = "desk-silent";
const RING_EVERY_MS = 5000;
let known = null;
let audio = null;
let ringing = 0;

// Browsers let a page sound only after somebody has touched it.
document.addEventListener("pointerdown", () => (audio ??= new AudioContext()), { once: true });
document.addEventListener("keydown", () => (audio ??= new AudioContext()), { once: true });

export const silent = {
  get on() {
    return localStorage.getItem(SILENT) === "1";
  },
  set on(value) {
    if (value) localStorage.setItem(SILENT, "1");
    else localStorage.removeItem(SILENT);
  },
};

// `alarms` nobody has taken, and `waiting` residents and calls; in quiet hours only an alarm sounds.
export function tell({ alarms = 0, waiting = 0, quiet = false }) {
  const count = alarms + waiting;
  document.title = count ? `(${count}) ${title}` : title;
  const badge = document.getElementById("alarm-count");
  if (badge) {
    badge.hidden = !alarms;
    badge.textContent = alarms;
  }
  ring(alarms > 0);
  if (!alarms && known && waiting > known.waiting && !quiet && !silent.on) tone([[0, 620], [0.16, 780]], 0.07);
  known = { alarms, waiting };
}

// An alarm rings until somebody has taken it, also one that was there before the page was opened.
function ring(on) {
  if (on && !ringing) {
    sound();
    ringing = setInterval(sound, RING_EVERY_MS);
  } else if (!on && ringing) {
    clearInterval(ringing);
    ringing = 0;
  }
}

function sound() {
  tone([[0, 880], [0.25, 660], [0.5, 880]], 0.15);
}

function tone(notes, gain) {
  if (!audio) return;
  for (const [start, pitch] of notes) {
    const voice = audio.createOscillator();
    const loudness = audio.createGain();
    voice.frequency.value = pitch;
    loudness.gain.value = gain;
    voice.connect(loudness).connect(audio.destination);
    voice.start(audio.currentTime + start);
    voice.stop(audio.currentTime + start + 0.14);
  }
}
