// The warehouse's own side: articles in memory, one thread a connection.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>
#include "soapH.h"
#include "warehouse.nsmap"

struct Article { std::string text, changed, reference; };

static std::mutex door;
static std::map<int, Article> articles;
static std::set<std::string> sessions;
static int last_id = 0, last_session = 0;
static bool swallow = false, deny = false;

static char *copy(struct soap *soap, const std::string &text) { return soap_strdup(soap, text.c_str()); }

static std::string stamp()
{
  char text[32];
  time_t now = time(nullptr);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime(&now));
  return text;
}

static int refuse(struct soap *soap, const char *text) { return soap_sender_fault(soap, text, nullptr); }

#define ENTER(session) \
  std::lock_guard<std::mutex> held(door); \
  if (!session || !sessions.count(session)) return refuse(soap, "Session expired"); \
  if (deny) return refuse(soap, "Access denied")

static struct ns__Article *article(struct soap *soap, int id, const Article &one, struct ns__Unit *unit)
{
  struct ns__Article *made = soap_new_ns__Article(soap, -1);
  soap_default_ns__Article(soap, made);
  made->id = id;
  made->text = copy(soap, one.text);
  made->changed = copy(soap, one.changed);
  made->reference = one.reference.empty() ? nullptr : copy(soap, one.reference);
  made->unit = unit;
  made->tags = soap_new_ArrayOfstring(soap, -1);
  made->tags->__size = id % 3;
  made->tags->__ptr = (char **)soap_malloc(soap, (made->tags->__size + 1) * sizeof(char *));
  for (int at = 0; at < made->tags->__size; at++) made->tags->__ptr[at] = copy(soap, "tag" + std::to_string(at));
  return made;
}

static struct ArrayOfArticle *array(struct soap *soap, const std::vector<int> &ids)
{
  struct ns__Unit *unit = soap_new_ns__Unit(soap, -1);
  unit->code = copy(soap, "PCE");
  unit->name = copy(soap, "piece");
  struct ArrayOfArticle *made = soap_new_ArrayOfArticle(soap, -1);
  made->__size = ids.size();
  made->__ptr = (struct ns__Article **)soap_malloc(soap, (ids.size() + 1) * sizeof(struct ns__Article *));
  for (size_t at = 0; at < ids.size(); at++) made->__ptr[at] = article(soap, ids[at], articles[ids[at]], unit);
  return made;
}

static std::vector<int> cut(const std::vector<int> &all, int page, int size)
{
  size_t start = (size_t)std::max(page - 1, 0) * std::max(size, 1);
  size_t end = std::min(start + std::max(size, 1), all.size());
  return start < end ? std::vector<int>(all.begin() + start, all.begin() + end) : std::vector<int>();
}

int ns__login(struct soap *soap, char *user, char *password, char **session)
{
  std::lock_guard<std::mutex> held(door);
  if (!user || !password || std::string(password) != getenv("WAREHOUSE_PASSWORD"))
    return refuse(soap, "Invalid login");
  std::string made = "session-" + std::string(password).substr(0, 4) + std::to_string(++last_session);
  sessions.insert(made);
  *session = copy(soap, made);
  return SOAP_OK;
}

int ns__listArticles(struct soap *soap, char *session, char *since, int page, int size, struct ns__listArticlesResponse &out)
{
  ENTER(session);
  std::vector<std::pair<std::string, int>> sorted;
  for (auto &one : articles)
    if (!since || one.second.changed >= since) sorted.push_back({one.second.changed, one.first});
  std::sort(sorted.begin(), sorted.end());
  std::vector<int> ids;
  for (auto &one : sorted) ids.push_back(one.second);
  out.total = ids.size();
  out.articles = array(soap, cut(ids, page, size));
  return SOAP_OK;
}

int ns__listNumbers(struct soap *soap, char *session, int page, int size, struct ns__listNumbersResponse &out)
{
  ENTER(session);
  std::vector<int> ids;
  for (auto &one : articles) ids.push_back(one.first);
  std::vector<int> shown = cut(ids, page, size);
  out.total = ids.size();
  out.numbers = soap_new_ArrayOfint(soap, -1);
  out.numbers->__size = shown.size();
  out.numbers->__ptr = (int *)soap_malloc(soap, (shown.size() + 1) * sizeof(int));
  std::copy(shown.begin(), shown.end(), out.numbers->__ptr);
  return SOAP_OK;
}

int ns__getArticle(struct soap *soap, char *session, int id, struct ns__getArticleResponse &out)
{
  ENTER(session);
  if (!articles.count(id)) return refuse(soap, "No such article");
  out.article = array(soap, {id})->__ptr[0];
  return SOAP_OK;
}

int ns__findArticles(struct soap *soap, char *session, struct ArrayOfFilter *filters, struct ns__findArticlesResponse &out)
{
  ENTER(session);
  std::vector<int> ids;
  if (!filters || filters->__size < 1) return refuse(soap, "A filter is needed");
  for (auto &one : articles)
    for (int at = 0; at < filters->__size; at++)
      if (std::string(filters->__ptr[at]->key) == "reference" && one.second.reference == filters->__ptr[at]->value)
        ids.push_back(one.first);
  out.articles = array(soap, ids);
  return SOAP_OK;
}

int ns__createArticle(struct soap *soap, char *session, struct ns__Article *given, int *id)
{
  ENTER(session);
  if (!given || !given->text) return refuse(soap, "A text is needed");
  *id = ++last_id;
  if (!swallow) articles[*id] = {given->text, stamp(), given->reference ? given->reference : ""};
  return SOAP_OK;
}

int ns__updateArticle(struct soap *soap, char *session, int id, struct ns__Article *given, int *done)
{
  ENTER(session);
  if (!articles.count(id)) return refuse(soap, "No such article");
  if (given && given->text) articles[id].text = given->text;
  articles[id].changed = stamp();
  *done = 1;
  return SOAP_OK;
}

int ns__deleteArticle(struct soap *soap, char *session, int id, int *done)
{
  ENTER(session);
  if (!articles.erase(id)) return refuse(soap, "No such article");
  *done = 1;
  return SOAP_OK;
}

int ns__time(struct soap *soap, char **now)
{
  *now = copy(soap, stamp());
  return SOAP_OK;
}

int ns__steer(struct soap *soap, char *what, int id, char *text, char *changed, char **answer)
{
  std::lock_guard<std::mutex> held(door);
  std::string asked = what ? what : "", told;
  if (asked == "put") { articles[id].text = text; articles[id].changed = changed; last_id = std::max(last_id, id); }
  if (asked == "remove") articles.erase(id);
  if (asked == "clear") { articles.clear(); sessions.clear(); last_id = 0; swallow = deny = false; }
  if (asked == "expire") sessions.clear();
  if (asked == "swallow") swallow = true;
  if (asked == "deny") deny = true;
  if (asked == "twin") for (int at = 0; at < 2; at++) articles[++last_id] = {"TWIN", stamp(), text};
  if (asked == "texts") for (auto &one : articles) told += one.second.text + " ";
  *answer = copy(soap, told);
  return SOAP_OK;
}

int main()
{
  struct soap soap;
  soap_init(&soap);
  soap.bind_flags = SO_REUSEADDR;
  soap.send_timeout = soap.recv_timeout = 20;
  if (soap_bind(&soap, "127.0.0.1", 0, 100) < 0) { soap_print_fault(&soap, stderr); return 1; }
  struct sockaddr_in bound;
  socklen_t length = sizeof bound;
  getsockname(soap.master, (struct sockaddr *)&bound, &length);
  printf("%d\n", ntohs(bound.sin_port));
  fflush(stdout);
  while (true)
  {
    if (soap_accept(&soap) < 0) continue;
    struct soap *mine = soap_copy(&soap);
    std::thread([mine] { soap_serve(mine); soap_destroy(mine); soap_end(mine); soap_free(mine); }).detach();
  }
}
