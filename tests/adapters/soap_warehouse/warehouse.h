//gsoap ns service name: warehouse
//gsoap ns service type: WarehousePort
//gsoap ns service style: rpc
//gsoap ns service encoding: encoded
//gsoap ns service namespace: urn:warehouse
//gsoap ns service location: http://internal.invalid/warehouse
//gsoap ns schema namespace: urn:warehouse

// A warehouse in rpc/encoded, as C++ services of the time are: encoded arrays in requests and
// replies, units that articles share and that go out once, as references.

typedef char *xsd__string;

struct ns__Unit
{
  char *code;
  char *name;
};

struct ArrayOfstring
{
  char **__ptr;
  int __size;
};

struct ns__Article
{
  int id;
  char *text;
  char *changed;
  char *reference;
  struct ns__Unit *unit;
  struct ArrayOfstring *tags;
};

struct ArrayOfArticle
{
  struct ns__Article **__ptr;
  int __size;
};

struct ArrayOfint
{
  int *__ptr;
  int __size;
};

struct ns__Filter
{
  char *key;
  char *value;
};

struct ArrayOfFilter
{
  struct ns__Filter **__ptr;
  int __size;
};

int ns__login(char *user, char *password, char **session);

int ns__listArticles(char *session, char *since, int page, int size,
  struct ns__listArticlesResponse { int total; struct ArrayOfArticle *articles; } &out);

int ns__listNumbers(char *session, int page, int size,
  struct ns__listNumbersResponse { int total; struct ArrayOfint *numbers; } &out);

int ns__getArticle(char *session, int id,
  struct ns__getArticleResponse { struct ns__Article *article; } &out);

int ns__findArticles(char *session, struct ArrayOfFilter *filters,
  struct ns__findArticlesResponse { struct ArrayOfArticle *articles; } &out);

int ns__createArticle(char *session, struct ns__Article *article, int *id);

int ns__updateArticle(char *session, int id, struct ns__Article *article, int *done);

int ns__deleteArticle(char *session, int id, int *done);

int ns__time(char **now);

// What tests do beside the adapter.
int ns__steer(char *what, int id, char *text, char *changed, char **answer);
