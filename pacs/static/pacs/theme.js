// Runs before the page is drawn, so that it never flashes in the wrong colours.
const dark = matchMedia("(prefers-color-scheme: dark)");
const show = () => document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light";
show();
dark.addEventListener("change", show);
