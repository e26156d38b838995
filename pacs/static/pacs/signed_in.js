// The window that was opened for signing in goes away by itself. Browsers ignore this in any other window.
window.close();
