/** The page the host itself shows at `/` when no function's route is `/`. */
export const hostPage = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Your Functions app is up and running</title></head>
<body><h1>Your Functions app is up and running</h1>
<p>This is the page of the local Functions host. No function of the app has the route <code>/</code>.</p>
</body>
</html>
`;
