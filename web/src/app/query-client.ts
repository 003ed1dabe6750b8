import { QueryClient } from "@tanstack/react-query";
import { isProblem } from "@/api/problem";

/** A refusal stays one; a server that was not reached is asked again, twice. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // The service worker answers from what it kept, so offline is no reason not to ask.
      networkMode: "always",
      retry: (failures, error) => isProblem(error) && (error.status === 0 || error.status >= 500) && failures < 2,
      retryDelay: (tries) => Math.min(500 * 2 ** tries, 5_000),
    },
    mutations: { networkMode: "always" },
  },
});
