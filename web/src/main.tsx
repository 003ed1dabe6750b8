import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./app.css";
import { queryClient } from "./app/query-client";
import { router } from "./app/router";
import { watchSession } from "./app/session";

// Dialogs lock the page behind them with a style element; the policy lets only those in that carry the page's nonce.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
if (nonce) setNonce(nonce);

watchSession();

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  window.addEventListener("load", () => void keepForOffline().catch(() => undefined));
}

/** On the first visit nobody listened while the page loaded: its files are named afterwards, and what was read is read once more. */
async function keepForOffline(): Promise<void> {
  const isFirst = navigator.serviceWorker.controller === null;
  await navigator.serviceWorker.register("/sw.js");
  if (!isFirst) return;
  const { active } = await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname);
  active?.postMessage(loaded.filter((path) => path.startsWith("/assets/")));
  navigator.serviceWorker.addEventListener("controllerchange", () => void queryClient.invalidateQueries(), { once: true });
}
