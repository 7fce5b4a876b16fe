// Photos before they are sent: previews, and smaller copies without the place where they were taken.
import { element, note, words } from "./chat-log.js";

const LONGEST_SIDE = 2048;
const SMALL_ENOUGH = 400 * 1024;
const QUALITY = 0.85;
const KNOWN = /^image\/(jpeg|png|webp)$/;

// The canvas keeps the picture and nothing else. What this browser cannot read is left to the desk to judge.
async function shrunk(file) {
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height));
    if (scale === 1 && file.size <= SMALL_ENOUGH && KNOWN.test(file.type)) {
      image.close();
      return file;
    }
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!made || (made.size >= file.size && KNOWN.test(file.type))) return file;
    return new File([made], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  } catch {
    return file;
  }
}

// The chosen photos, `most` at a time, shown in `box`.
export function openPicker(box, most) {
  let picked = [];

  function show() {
    for (const image of box.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    box.replaceChildren(...picked.map(frame));
    box.hidden = picked.length === 0;
  }

  function frame(file, place) {
    const made = element("figure");
    const image = element("img");
    image.alt = `${words.photo}${place + 1}`;
    image.src = URL.createObjectURL(file);
    const drop = element("button");
    drop.type = "button";
    drop.setAttribute("aria-label", `${words.remove} ${place + 1}`);
    const cross = element("span", "", "×");
    cross.setAttribute("aria-hidden", "true");
    drop.append(cross);
    drop.addEventListener("click", () => {
      picked = picked.filter((one) => one !== file);
      show();
      (box.querySelector("button") ?? document.getElementById("text")).focus();
    });
    made.append(image, drop);
    return made;
  }

  return {
    async add(files) {
      const pictures = [...files].filter((file) => file.type.startsWith("image/") || !file.type);
      const told = [];
      if (pictures.length < files.length) told.push(words.notAPhoto);
      const room = Math.max(0, most - picked.length);
      if (pictures.length > room) told.push(words.surplus);
      note(told);
      box.setAttribute("aria-busy", "true");
      for (const file of pictures.slice(0, room)) {
        picked = [...picked, await shrunk(file)].slice(0, most);
        show();
      }
      box.removeAttribute("aria-busy");
    },
    take() {
      const taken = picked;
      picked = [];
      show();
      return taken;
    },
  };
}
