/** After what had the focus went away: to the beginning of the content, as after a change of page. */
export function focusMain(): void {
  document.getElementById("main")?.focus({ preventScroll: true });
}

/** The same, where what comes in place of it stands at the beginning of the page too. */
export function backToTop(): void {
  focusMain();
  window.scrollTo({ top: 0 });
}
