// What every page does: say what htmx changed, and send people to the sign-in when their session has ended.
const announcements = document.getElementById("announcements");

// Any element that arrives with data-announce is read out by screen readers.
document.body.addEventListener("htmx:afterSettle", (event) => {
  const spoken = event.target.closest("[data-announce]") ?? event.target.querySelector("[data-announce]");
  if (spoken) {
    announcements.textContent = spoken.dataset.announce;
  }
});

// A fragment is never the sign-in page: htmx followed the redirect there, so the whole window goes.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 401 || new URL(event.detail.xhr.responseURL).pathname === "/login/") {
    event.detail.shouldSwap = false;
    location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
});
