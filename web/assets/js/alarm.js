// Makes itself heard: a count in the title and a short tone. Plain HTTP has no notifications, so this is the baseline.
const title = document.title;
let known = null;
let audio = null;

// Browsers let a page sound only after somebody has touched it.
document.addEventListener("pointerdown", () => (audio ??= new AudioContext()), { once: true });

export function alarms(count) {
  document.title = count ? `(${count}) ${title}` : title;
  const badge = document.getElementById("alarm-count");
  if (badge) {
    badge.hidden = !count;
    badge.textContent = count;
  }
  if (known !== null && count > known) tone();
  known = count;
}

function tone() {
  if (!audio) return;
  for (const [start, pitch] of [[0, 880], [0.25, 660], [0.5, 880]]) {
    const voice = audio.createOscillator();
    const loudness = audio.createGain();
    voice.frequency.value = pitch;
    loudness.gain.value = 0.15;
    voice.connect(loudness).connect(audio.destination);
    voice.start(audio.currentTime + start);
    voice.stop(audio.currentTime + start + 0.2);
  }
}
