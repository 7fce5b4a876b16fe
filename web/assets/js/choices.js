// A list below a text field: opened by a sign (“/” or “@”), narrowed by what follows it, chosen by key or pointer.
let counter = 0;

// `find(query)` gives the entries; `label(entry)` fills one line; `take(entry)` is the text that is put in.
export function choose(field, list, { sign, atStart = false, find, label, take }) {
  let entries = [];
  let active = 0;
  let from = -1;
  let asked = 0;

  function query() {
    const caret = field.selectionStart;
    const before = field.value.slice(0, caret);
    const at = before.lastIndexOf(sign);
    if (at < 0 || (atStart && before.slice(0, at).trim() && !/[\s，。！？]$/.test(before.slice(0, at)))) return null;
    const typed = before.slice(at + 1);
    return /\s/.test(typed) || typed.length > 20 ? null : { at, typed };
  }

  function close() {
    list.hidden = true;
    entries = [];
    field.removeAttribute("aria-activedescendant");
  }

  function show() {
    list.replaceChildren(
      ...entries.map((entry, index) => {
        const item = document.createElement("li");
        item.id = `choice-${++counter}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", index === active ? "true" : "false");
        item.append(...label(entry));
        // The field keeps the focus, so that typing goes on.
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          put(entry);
        });
        return item;
      }),
    );
    list.hidden = entries.length === 0;
    const chosen = list.children[active];
    if (chosen) {
      field.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    }
  }

  function put(entry) {
    const caret = field.selectionStart;
    const text = take(entry);
    field.setRangeText(text, from, caret, "end");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const gap = field.value.indexOf("〔", from);
    if (gap >= 0 && gap < from + text.length) field.setSelectionRange(gap, field.value.indexOf("〕", gap) + 1);
    field.focus();
  }

  async function look() {
    const found = query();
    if (!found) return close();
    from = found.at;
    const mine = ++asked;
    const fresh = await find(found.typed);
    if (mine !== asked) return;
    entries = fresh;
    active = 0;
    show();
  }

  field.addEventListener("input", (event) => event.isComposing || look());
  field.addEventListener("compositionend", look);
  field.addEventListener("blur", () => setTimeout(close, 100));
  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown") active = (active + 1) % entries.length;
    else if (event.key === "ArrowUp") active = (active + entries.length - 1) % entries.length;
    else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey) {
      event.preventDefault();
      return put(entries[active]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      event.preventDefault();
      return close();
    } else return;
    event.preventDefault();
    show();
  });
}

export function span(text, name = "") {
  const made = document.createElement("span");
  made.textContent = text;
  if (name) made.className = name;
  return made;
}
