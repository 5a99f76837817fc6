//===- RenderSVG.cpp - a plan as a picture ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// From top to bottom: title, the arena (one rectangle per buffer, bound and capacity as lines), the
// time axis, the live load. Every rectangle has its id in it, in a type as large as fits: what is
// small on the screen is there when one zooms in, and a tooltip shows it at once. The picture grows
// with the number of steps, so that hundreds of buffers are not squeezed into one page.

#include "ignis/MemoryPlan/Render.h"

#include "TimeAxis.h"
#include "ignis/MemoryPlan/LowerBound.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <cmath>

namespace ignis::memplan {

namespace {
/// Pixels. The plot's size depends on the problem, all else is fixed.
constexpr double leftMargin = 96, rightMargin = 24, topMargin = 74, axisHeight = 44;
constexpr double loadHeight = 90, bottomMargin = 30;
constexpr double minWidth = 1000, maxWidth = 7200, pixelsPerStep = 16;
constexpr double minHeight = 420, maxHeight = 1100;
constexpr double fontWidth = 0.62; // of a character, in font sizes: sans-serif digits and letters

class Picture {
public:
  Picture(llvm::raw_ostream &os, const Problem &problem, const Plan &plan,
          const RenderOptions &options)
      : os(os), problem(problem), plan(plan), options(options), axis(problem, options.evenSteps) {
    width =
        std::clamp(static_cast<double>(axis.distinct().size()) * pixelsPerStep, minWidth, maxWidth);
    height =
        std::clamp(300 + 4.0 * static_cast<double>(problem.buffers.size()), minHeight, maxHeight);
    ceiling = plan.height;
    for (const std::optional<int64_t> &line : {options.bound, options.capacity})
      if (line)
        ceiling = std::max(ceiling, *line);
    ceiling = std::max<int64_t>(ceiling, 1);
  }

  void draw();

private:
  double x(int64_t time) const { return leftMargin + axis.at(time) * width; }
  double y(int64_t address) const {
    return topMargin + height -
           static_cast<double>(address) / static_cast<double>(ceiling) * height;
  }
  void number(const char *name, double value) {
    os << ' ' << name << "=\"" << llvm::format("%.2f", value) << '"';
  }
  void text(double atX, double atY, const char *style, const std::string &content);
  void line(double x1, double y1, double x2, double y2, const char *style);
  void drawHead();
  void drawAddressAxis();
  void drawTimeAxis();
  void drawBuffer(size_t i);
  void drawLabel(double left, double top, double w, double h, const std::string &id);
  void drawLevel(int64_t level, const char *style, const char *label, bool below);
  void drawLoad();

  llvm::raw_ostream &os;
  const Problem &problem;
  const Plan &plan;
  const RenderOptions &options;
  TimeAxis axis;
  double width, height;
  int64_t ceiling;
};
} // namespace

/// XML text: markup escaped, bytes that are no UTF-8 replaced, controls (which XML 1.0 has no
/// spelling for) shown as U+FFFD.
static std::string escaped(llvm::StringRef text) {
  std::string fixed = llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text);
  std::string out;
  for (unsigned char c : fixed) {
    switch (c) {
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '&':
      out += "&amp;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += c < 0x20 || c == 0x7f ? std::string("\xEF\xBF\xBD") : std::string(1, char(c));
    }
  }
  return out;
}

/// 1234567 as "1,234,567".
static std::string grouped(int64_t value) {
  std::string digits = std::to_string(value), out;
  for (size_t i = 0; i < digits.size(); ++i) {
    size_t left = digits.size() - i;
    if (i > 0 && left % 3 == 0 && digits[i - 1] != '-')
      out += ',';
    out += digits[i];
  }
  return out;
}

/// Characters of UTF-8 text, near enough for a width.
static size_t characters(llvm::StringRef text) {
  return llvm::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; });
}

/// A soft fill; neighbours in the list differ by the golden angle.
static std::string fillOf(size_t i) {
  double hue = std::fmod(static_cast<double>(i) * 137.50776405, 360.0) / 60;
  int sector = static_cast<int>(hue);
  double rest = hue - sector, low = 0.66, high = i % 2 ? 0.98 : 0.90;
  double up = low + (high - low) * rest, down = high - (high - low) * rest;
  double rgb[6][3] = {{high, up, low},   {down, high, low}, {low, high, up},
                      {low, down, high}, {up, low, high},   {high, low, down}};
  char out[8];
  std::snprintf(out, sizeof(out), "#%02x%02x%02x", int(rgb[sector][0] * 255),
                int(rgb[sector][1] * 255), int(rgb[sector][2] * 255));
  return out;
}

/// A round step that cuts `range` into at most `parts` parts.
static int64_t niceStep(double range, double parts, bool binary) {
  double step = 1;
  while (range / step > parts && step < 0x1p60) {
    if (binary) {
      step *= 2;
      continue;
    }
    for (double factor : {2.0, 2.5, 2.0}) {
      step *= factor;
      if (range / step <= parts)
        break;
    }
  }
  return std::max<int64_t>(1, static_cast<int64_t>(std::ceil(step)));
}

void Picture::text(double atX, double atY, const char *style, const std::string &content) {
  os << "<text";
  number("x", atX);
  number("y", atY);
  os << ' ' << style << '>' << escaped(content) << "</text>\n";
}

void Picture::line(double x1, double y1, double x2, double y2, const char *style) {
  os << "<line";
  number("x1", x1);
  number("y1", y1);
  number("x2", x2);
  number("y2", y2);
  os << ' ' << style << "/>\n";
}

void Picture::drawHead() {
  double w = leftMargin + width + rightMargin;
  double h = topMargin + height + axisHeight + loadHeight + bottomMargin;
  os << llvm::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                     "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"12\">\n",
                     w, h, w, h)
     << "<style>.b{stroke:#333;stroke-width:0.6}.b:hover{stroke-width:2.5}"
        ".l{text-anchor:middle;fill:#111;pointer-events:none}"
        ".a{fill:#444;font-size:11px}.r{text-anchor:end}.m{text-anchor:middle}"
        ".g{stroke:#e4e4e4;stroke-width:1}</style>\n";
  os << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  if (!options.title.empty())
    text(leftMargin, 24, "font-size=\"16\" font-weight=\"bold\"", options.title);
  std::string facts = std::to_string(problem.buffers.size()) + " buffers, height " +
                      grouped(plan.height) + " bytes";
  if (options.bound) {
    facts += ", bound " + grouped(*options.bound);
    if (*options.bound > 0) {
      char ratio[32];
      std::snprintf(ratio, sizeof(ratio), " (ratio %.4f)",
                    static_cast<double>(plan.height) / static_cast<double>(*options.bound));
      facts += ratio;
    }
  }
  if (options.capacity)
    facts += ", capacity " + grouped(*options.capacity);
  text(leftMargin, 44, "class=\"a\"", facts);
}

void Picture::drawAddressAxis() {
  int64_t step = niceStep(static_cast<double>(ceiling), height / 40, ceiling >= 4096);
  for (int64_t address = 0; address <= ceiling; address += step) {
    line(leftMargin, y(address), leftMargin + width, y(address), "class=\"g\"");
    text(leftMargin - 6, y(address) + 4, "class=\"a r\"", grouped(address));
    if (address > INT64_MAX - step)
      break;
  }
}

void Picture::drawTimeAxis() {
  double base = topMargin + height;
  line(leftMargin, base, leftMargin + width, base, "stroke=\"#333\"");
  // Labels at begins and ends, as many as have room.
  double free = -1e9;
  for (int64_t time : axis.distinct()) {
    std::string label = std::to_string(time);
    double half = static_cast<double>(label.size()) * 11 * fontWidth / 2;
    if (x(time) - half < free)
      continue;
    line(x(time), base, x(time), base + 5, "stroke=\"#333\"");
    text(x(time), base + 18, "class=\"a m\"", label);
    free = x(time) + half + 8;
  }
  text(leftMargin + width / 2, base + 34, "class=\"a m\"",
       options.evenSteps ? "time (one step per begin or end)" : "time");
}

void Picture::drawLabel(double left, double top, double w, double h, const std::string &id) {
  double length = std::max<double>(1, static_cast<double>(characters(id))) * fontWidth;
  // As large as fits, lying or standing.
  double lying = std::min({13.0, h * 0.85, (w - 2) / length});
  double standing = std::min({13.0, w * 0.85, (h - 2) / length});
  bool turn = standing > 1.3 * lying;
  double size = std::max(0.3, turn ? standing : lying);
  double cx = left + w / 2, cy = top + h / 2;
  os << "<text class=\"l\"";
  number("x", cx);
  number("y", cy);
  number("font-size", size);
  os << " dy=\"0.35em\""; // the middle of capitals and digits lies on the point
  if (turn)
    os << llvm::format(" transform=\"rotate(-90 %.2f %.2f)\"", cx, cy);
  os << '>' << escaped(id) << "</text>\n";
}

void Picture::drawBuffer(size_t i) {
  const Buffer &buffer = problem.buffers[i];
  double left = x(buffer.begin), right = x(buffer.end);
  int64_t end = plan.offsets[i] + buffer.size;
  double top = y(end), bottom = y(plan.offsets[i]);
  os << "<g><rect class=\"b\" fill=\"" << fillOf(i) << '"';
  number("x", left);
  number("y", top);
  number("width", std::max(right - left, 0.1));
  number("height", std::max(bottom - top, 0.1));
  os << "><title>" << escaped(buffer.id) << ": " << grouped(buffer.size) << " bytes at ["
     << grouped(plan.offsets[i]) << ", " << grouped(end) << "), live [" << buffer.begin << ", "
     << buffer.end << ")";
  if (buffer.align != 1)
    os << ", alignment " << grouped(buffer.align);
  os << "</title></rect>\n";
  drawLabel(left, top, right - left, bottom - top, buffer.id);
  os << "</g>\n";
}

void Picture::drawLevel(int64_t level, const char *style, const char *label, bool below) {
  line(leftMargin, y(level), leftMargin + width, y(level), style);
  // At both ends, as a wide picture is seen in parts. White under the letters keeps them legible on
  // any rectangle.
  double atY = y(level) + (below ? 14 : -4);
  std::string content = label + (" " + grouped(level));
  constexpr const char *halo = "font-size=\"12\" paint-order=\"stroke\" stroke=\"white\" "
                               "stroke-width=\"4\"";
  text(leftMargin + 4, atY, halo, content);
  text(leftMargin + width - 4, atY, (std::string("class=\"r\" ") + halo).c_str(), content);
}

void Picture::drawLoad() {
  std::vector<LoadPoint> curve = loadCurve(problem);
  int64_t peak = 0;
  for (const LoadPoint &point : curve)
    peak = std::max(peak, point.load);
  if (peak == 0)
    return;
  double base = topMargin + height + axisHeight + loadHeight;
  auto at = [&](int64_t load) {
    return base - static_cast<double>(load) / static_cast<double>(peak) * (loadHeight - 10);
  };
  os << "<path fill=\"#cfdcec\" stroke=\"#345\" d=\""
     << llvm::format("M%.2f %.2f", x(curve[0].time), base);
  for (const LoadPoint &point : curve)
    os << llvm::format("H%.2fV%.2f", x(point.time), at(point.load));
  os << "Z\"><title>live bytes over time, peak " << grouped(peak) << "</title></path>\n";
  text(leftMargin - 6, at(peak) + 4, "class=\"a r\"", grouped(peak));
  text(leftMargin - 6, base, "class=\"a r\"", "0");
  text(leftMargin + width / 2, base + 16, "class=\"a m\"", "live bytes over time");
}

void Picture::draw() {
  drawHead();
  drawAddressAxis();
  // Small rectangles last, so that a thin one is not buried under its neighbours' borders.
  std::vector<size_t> order(problem.buffers.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    int64_t aSize = problem.buffers[a].size, bSize = problem.buffers[b].size;
    return aSize != bSize ? aSize > bSize : a < b;
  });
  for (size_t i : order)
    drawBuffer(i);
  // The lines lie above the rectangles; two that share a level would hide each other's label.
  if (options.capacity)
    drawLevel(*options.capacity, "stroke=\"#0a5\" stroke-width=\"1.5\" stroke-dasharray=\"2 4\"",
              "capacity", /*below=*/options.bound && *options.bound >= *options.capacity);
  if (options.bound)
    drawLevel(*options.bound, "stroke=\"#c00\" stroke-width=\"1.5\" stroke-dasharray=\"8 4\"",
              "bound", /*below=*/options.capacity && *options.capacity > *options.bound);
  drawTimeAxis();
  drawLoad();
  os << "</svg>\n";
}

void renderSVG(llvm::raw_ostream &os, const Problem &problem, const Plan &plan,
               const RenderOptions &options) {
  Picture(os, problem, plan, options).draw();
}

} // namespace ignis::memplan
