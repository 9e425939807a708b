/** The door: name and password. */

import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { login } from "../api/client";
import { setConnection } from "../live/connection";
import { Mark } from "../parts/icons";
import { Title } from "../shell/title";

/** The page. */
export default function Login() {
  const { next } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFault("");
    try {
      await login(String(form.get("name")), String(form.get("password")));
      setConnection({ login: false });
      client.clear();
      await navigate({ href: next?.startsWith("/") && !next.startsWith("//") ? next : "/" });
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="login">
      <form onSubmit={(event) => void submit(event)} aria-describedby={fault ? "login-fault" : undefined}>
        <Mark className="login-mark" />
        <Title name="Log in">Log in to Rostrum</Title>
        <div className="field login-first">
          <label htmlFor="login-name">Name</label>
          <input className="input" id="login-name" name="name" autoComplete="username" required autoFocus />
        </div>
        <div className="field">
          <label htmlFor="login-password">Password</label>
          <input className="input" id="login-password" name="password" type="password" autoComplete="current-password" required />
        </div>
        {fault && <p className="failed login-fault" id="login-fault" role="alert">{fault}</p>}
        <button type="submit" className="btn btn-primary btn-big login-go" disabled={busy}>{busy ? "One moment" : "Log in"}</button>
      </form>
      <footer className="faint">Rostrum</footer>
    </main>
  );
}
