/** Turning automations on and off, with a way back. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { request } from "../api/client";
import { type AutomationsResult, SetAutomation } from "../api/generated";
import { automationsQuery } from "../api/queries";
import { toast } from "../parts/controls";
import { tellError } from "./run-actions";

interface Wish {
  location: string;
  name: string;
  running: boolean;
  /** The way back itself offers no way back. */
  silent?: boolean;
}

type List = AutomationsResult["automations"];

/** `set` turns one on or off; `byName` finds its location first. */
export function useSetAutomation() {
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: ({ location, name, running }: Wish) => request(SetAutomation, { location, name, running }),
    onMutate: ({ location, name, running }) => {
      const before = client.getQueryData<List>(automationsQuery.queryKey);
      client.setQueryData<List>(automationsQuery.queryKey, (list) => list?.map((item) => (item.location === location && item.name === name ? { ...item, running } : item)));
      return { before };
    },
    onError: (error, _, context) => {
      client.setQueryData(automationsQuery.queryKey, context?.before);
      tellError(error);
    },
    onSuccess: (_, wish) => {
      void client.invalidateQueries({ queryKey: ["automations"] });
      void client.invalidateQueries({ queryKey: ["now"] });
      if (!wish.silent) toast(`${wish.running ? "Started" : "Paused"} ${wish.name}`, { action: { text: "Undo", run: () => mutation.mutate({ ...wish, running: !wish.running, silent: true }) } });
    },
  });
  return {
    set: mutation.mutate,
    byName: (name: string, running: boolean) =>
      void client.ensureQueryData(automationsQuery).then((list) => {
        const found = list.find((item) => item.name === name);
        if (found) mutation.mutate({ location: found.location, name, running });
      }),
  };
}
