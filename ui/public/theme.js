// Runs before the first paint, so a chosen theme does not flash. Kept apart from the bundle: the page allows no inline script.
try {
  for (const name of ["theme", "density"]) {
    const value = localStorage.getItem("rostrum." + name);
    if (value) document.documentElement.dataset[name] = value;
  }
} catch { /* storage may be blocked; the system theme then stays */ }
