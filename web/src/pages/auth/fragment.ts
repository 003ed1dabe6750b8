import { useState } from "react";

/** What stands behind `#` of the address, which no server sees. Read once, then taken out of the address and the history. */
export function useFragment(): URLSearchParams {
  const [parameters] = useState(() => new URLSearchParams(location.hash.slice(1)));
  useState(() => {
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname + location.search);
  });
  return parameters;
}
