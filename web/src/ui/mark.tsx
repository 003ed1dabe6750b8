/** The sign: courses of stone, the last one being laid. */
export function Mark({ className = "size-8" }: { className?: string }) {
  return (
    <svg viewBox="0 0 40 40" className={className} aria-hidden focusable="false">
      <g className="fill-spruce">
        <path d="M2 31h36v7H2z" />
        <path d="M2 21h15v8H2zM19 21h19v8H19z" />
        <path d="M2 11h23v8H2zM27 11h11v8H27z" />
      </g>
      <path d="M2 2h12v7H2z" className="fill-clay" />
    </svg>
  );
}
