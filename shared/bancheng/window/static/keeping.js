/* A page that renews itself is loaded anew when the session is over. Not one on which somebody has typed: it stays as it
   is, and says what to do. Signed in again in another window, it goes on. */
"use strict";
(() => {
  let isTyped = document.querySelector(".has-error, .notice-error") !== null;
  const typed = (event) => {
    if (event.target.closest("form[method=post]")) isTyped = true;
  };
  document.addEventListener("input", typed);
  document.addEventListener("pointerdown", (event) => event.target.closest("canvas") && typed(event));

  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    const isOver = event.detail.xhr.getResponseHeader("HX-Refresh") !== null;
    if (isOver && isTyped) event.preventDefault();
    const said = document.getElementById("signed-out");
    if (isOver) said.setAttribute("role", "alert");
    said.hidden = !isOver;
  });
})();
