// The button that opens the browser's own printing; without a script the browser's menu does.
const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => window.print());
