/** The start of the page. */

import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeQueryClient } from "./api/queries";
import { startLive } from "./live/live";
import { makeRouter } from "./router";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";

const client = makeQueryClient();
const router = makeRouter(client);
const place = document.getElementById("root");
if (!place) throw new Error("index.html has no element with the id root.");

// The stream goes first: what is read after its opening need not be read twice.
startLive(client);
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
