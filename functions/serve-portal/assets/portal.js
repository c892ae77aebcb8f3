// What pages do better with a script; each works without it.
"use strict";

// A page on which something is under way is read anew, and what changed of it shown, until nothing is under way.
const POLL_MS = 3000;
function poll() {
  if (!document.querySelector("main[data-polls]")) return;
  setTimeout(() => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.onload = () => {
      const read = request.response && request.response.querySelector("main");
      const here = document.querySelector("main");
      // A form that somebody is filling in stays as it is.
      if (read && request.status === 200 && !here.contains(document.activeElement)) {
        here.replaceWith(document.adoptNode(read));
        localTimes();
      }
      poll();
    };
    request.onerror = poll;
    request.send();
  }, POLL_MS);
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
poll();
