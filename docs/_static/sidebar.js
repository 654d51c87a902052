// The theme scrolls the list of pages to this page's name. Where the name would be in sight at the top of the list anyway,
// that only cuts off the logo. This runs after the theme's script, and leaves alone where a reader has scrolled to.
document.addEventListener("DOMContentLoaded", () => {
  if (sessionStorage.getItem("sidebar-scroll-top") !== null) return;
  const list = document.querySelector(".bd-sidebar-primary");
  const here = [...list.querySelectorAll(".active")].at(-1);
  if (here && here.getBoundingClientRect().bottom + list.scrollTop < innerHeight) list.scrollTop = 0;
});
