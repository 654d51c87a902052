// Tell when every widget of a page is drawn, by the player or by the widget manager: for decks and the book.

async function widgetsDrawn() {
  const places = [...document.querySelectorAll(".explorable, .output_widget_view")];
  const drawn = () => places.every((place) => place.querySelector(".catdog, .jupyter-widgets"));
  for (let tenths = 0; tenths < 300 && !drawn(); tenths++) {
    await new Promise((wait) => setTimeout(wait, 100));
  }
}
