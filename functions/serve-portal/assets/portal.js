// What pages do better with a script; each works without it.
"use strict";

// A page on which something is under way is read anew, and what came of it shown, until nothing is under way. It is asked for
// ever more rarely, not while nobody sees it, and for half an hour at most: a page that is left open keeps no session awake.
const FIRST_MS = 3000, MOST_MS = 60000, ALL_MS = 30 * 60000;
const opened = Date.now();
function poll(wait) {
  if (!document.querySelector("main[data-polls]") || Date.now() - opened > ALL_MS) return;
  const next = () => poll(Math.min(wait * 1.3, MOST_MS));
  setTimeout(() => {
    if (document.hidden) {
      document.addEventListener("visibilitychange", () => poll(FIRST_MS), { once: true });
      return;
    }
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.onload = () => {
      const read = request.response && request.response.querySelector("main");
      const here = document.querySelector("main");
      // What may be otherwise in a moment is asked again; any other answer is shown, also one that says what is wrong.
      const passes = request.status === 429 || request.status >= 502;
      // A form that somebody is filling in stays as it is.
      if (read && !passes && !here.contains(document.activeElement)) {
        here.replaceWith(document.adoptNode(read));
        localTimes();
      }
      next();
    };
    request.onerror = next;
    request.send();
  }, wait);
}

// Beside each time in UTC the same time where the reader is.
function localTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.title = at.toLocaleString() + " · " + at.toISOString();
  }
}

// The code of a link stands behind the # of its address; it is shown in the field and taken out of the address.
function codeOfAddress() {
  const code = new URLSearchParams(location.hash.slice(1)).get("access");
  const field = document.querySelector("input#token");
  if (code && field) {
    field.value = code;
    history.replaceState(null, "", location.pathname);
  }
}

// Ctrl+K leads to the field that finds a customer.
document.addEventListener("keydown", (event) => {
  const pick = document.getElementById("pick");
  if (pick && event.key === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    pick.focus();
  }
});

// A form is sent once, however often its button is pressed; the server holds to that by itself, too.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "post" && form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

const problem = document.getElementById("problem");
if (problem) problem.focus();
localTimes();
codeOfAddress();
poll(FIRST_MS);
