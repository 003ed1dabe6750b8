/** After what had the focus went away: to the beginning of the content, as after a change of page. */
export function focusMain(): void {
  document.getElementById("main")?.focus({ preventScroll: true });
}
