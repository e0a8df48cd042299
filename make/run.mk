# While it runs: pairs that join and leave, messages set aside, features.

.PHONY: install-dev
install-dev: $(filter .tools%,$(UV))
	@if [ "$(EXTRA)" = torch ] && ! .venv/bin/python -c 'import torch' 2>/dev/null; then \
		echo "Installing packages for the tests. The large one is PyTorch: about 5 GB on Linux" \
			"(MODEL=$(call taken_by,training) make test leaves it and its tests out)."; \
	fi
	@$(SYNC) --all-packages $(if $(EXTRA),--all-extras,--extra train --extra postgres --extra simulator --extra search)

# What follows trains nothing, so it does not ask for what training needs.
verify verify-cluster log-check dead-letters dev subscribe unsubscribe subscriptions control topics access kafka-up features-sql explain features-gallery models strategy-check strategy-set strategy-off strategy-on strategy-settings forward-test what-if backtest: EXTRA =

.PHONY: subscribe
subscribe: pair-is-named install ## Add a pair while everything runs: pair=ETH/USD [history_days=2 run=data/paper]
	@$(RUN) tradestream subscribe $(OF_PAPER) $(call option,history_days,history-days) -- $(call given,pair)

.PHONY: unsubscribe
unsubscribe: pair-is-named install ## Withdraw the request for a pair; the pair streams on if somebody else requested it: pair=ETH/USD [run=data/paper]
	@$(RUN) tradestream unsubscribe $(OF_PAPER) -- $(call given,pair)

.PHONY: subscriptions
subscriptions: install ## Show which pairs stream, who requested them, since when [run=data/paper]
	@$(RUN) tradestream subscriptions $(OF_PAPER)

.PHONY: control
control: action = show
control: install ## What an operator says to accounts: action=halt|reduce-only|flatten|resume reason="..." [account=A,B by= limits=yes run=data/paper], or action=show
	@$(RUN) tradestream control $(call given,action) $(OF_PAPER) $(call option,reason) $(call option,account) \
		$(call option,by) $(if $(filter yes,$(value limits)),--limits)

.PHONY: dead-letters
dead-letters: install ## Messages that services could not use [action=list|show|replay service= id= reason= run=FOLDER yes=yes]
	@$(RUN) tradestream dead-letters $(OF_RUN) $(call option,service) $(call option,id) $(call option,reason) \
		$(if $(value yes),--yes) -- $(call given,action)

.PHONY: features-sql
# Through the environment and a pipe: neither make nor the shell reads what is in a query.
features-sql: export SQL = $(value query)
features-sql: install ## Example queries over the feature store of a run, or one of your own [run=runs/demo store=ADDRESS query="SELECT ..."|tables|"describe TABLE" format=table|csv|json|parquet out=FILE]
	@$(DRIVER_OF_STORE)
	@$(if $(value query),printf '%s' "$$SQL" |) $(RUN) python -m featurestore \
		$(call quoted,$(or $(value store),sqlite:///$(or $(value run),runs/demo)/work/store.sqlite)) \
		$(call option,format) $(call option,out) $(if $(value query),-)

.PHONY: explain
explain: install ## Why there is a fill, down to the trades: fill=ID, by default the newest [run=runs/demo store=ADDRESS]
	@$(DRIVER_OF_STORE)
	@$(RUN) tradestream explain $(call option,run) $(call option,store) $(if $(value fill),-- $(call given,fill))

.PHONY: features-gallery
features-gallery: install ## Plot every feature on one page: of a run's candles, or of a file of bars [run= pair= bars=FILE reference=FILE out=]
	@$(RUN) tradestream features-gallery $(call option,run) $(call option,pair) $(call option,bars) \
		$(call option,reference) $(call option,out)

.PHONY: models
models: action = list
models: install ## Models of your own: action=list|show|promote|rollback|challenge|withdraw|compare|register [run=runs/demo version= file=MODEL.onnx card=CARD.json promote=yes by= reason="..."]
	@$(RUN) tradestream models $(call given,action) $(OF_MODELS) $(if $(filter register,$(action)),$(call option,card) \
		$(if $(promote),--promote)) $(if $(filter register promote rollback challenge withdraw,$(action)),$(call option,reason) $(call option,by)) \
		$(if $(filter register,$(action)),-- $(call given,file)) $(if $(filter show promote challenge,$(action)),$(version))

.PHONY: train tune
TRAIN = $(RUN) tradestream models train --model=$(call quoted,$(model)) $(call option,trials) $(call option,hyperparameters) $(OF_MODELS)
train tune: model = $(or $(SHELL_ENVIRONMENT_MODEL),$(call taken_by,demo))
train: install ## Train a model on a run's rows; it is served if it passes the gate [run=runs/demo model=KINDS hyperparameters='{"num_leaves": 16}']
	@$(TRAIN)

tune: trials := $(or $(trials),30)
tune: EXTRA = search $(OF_KIND)
tune: install ## Search for a model's hyperparameters, each try counted by the gate, and train the best [run=runs/demo model=KINDS hyperparameters= trials=30]
	@$(TRAIN)

.PHONY: promote
promote: install ## Serve a version of a model from the next rows on: version=2 or challenger [run=runs/demo by= reason="..." if it has not passed the gate]
	@$(RUN) tradestream models promote $(OF_MODELS) $(call option,reason) $(call option,by) -- $(call given,version)

.PHONY: rollback
rollback: install ## Serve the version of a model again that was served before [run=runs/demo by= reason="..."]
	@$(RUN) tradestream models rollback $(OF_MODELS) $(call option,reason) $(call option,by)

.PHONY: strategy-check
strategy-check: file-of-strategy install ## Check a strategy's file: file=FILE.py [run=FOLDER bars=FILE pair=]
	@$(RUN) tradestream strategy check $(call option,run) $(call option,bars) $(call option,pair) -- $(call given,file)

.PHONY: strategy-set
strategy-set: install ## Give a strategy other parameters while it runs: account= pair= parameters='{"fast": 10}' [from= by= run=data/paper]
	@$(RUN) tradestream strategy set --account=$(call given,account) --pair=$(call given,pair) \
		--parameters=$(call given,parameters) $(call option,from) $(call option,by) $(OF_PAPER)

.PHONY: strategy-off
strategy-off: install ## Let a strategy enter nothing any more on one pair of an account: account= pair= [sell=yes from= by= run=data/paper]
	@$(RUN) tradestream strategy off --account=$(call given,account) --pair=$(call given,pair) \
		$(if $(filter yes,$(value sell)),--sell) $(call option,from) $(call option,by) $(OF_PAPER)

.PHONY: strategy-on
strategy-on: install ## Let it enter again: account= pair= [from= by= run=data/paper]
	@$(RUN) tradestream strategy on --account=$(call given,account) --pair=$(call given,pair) \
		$(call option,from) $(call option,by) $(OF_PAPER)

.PHONY: strategy-settings
strategy-settings: install ## Show which parameters were set while it ran [run=data/paper]
	@$(RUN) tradestream strategy settings $(OF_PAPER)

.PHONY: forward-test
forward-test: action = list
forward-test: install ## A strategy on a paper account of its own, on live data: action=start strategy= pairs= [parameters= balance= name= from=], stop name=, list, compare name="A B" [by= run=data/paper]
	@$(RUN) tradestream forward-test $(call given,action) $(OF_PAPER) $(if $(filter start stop,$(action)),$(call option,by)) \
		$(if $(filter start,$(action)),$(call option,pairs) $(call option,parameters) $(call option,balance) \
			$(call option,name) $(call option,from) -- $(call given,strategy)) \
		$(if $(filter stop,$(action)),-- $(call given,name)) $(if $(filter compare,$(action)),-- $(name))

.PHONY: what-if
what-if: file-of-limits install ## A past run under other limits, what they had saved or cost: file=LIMITS.toml [run=runs/demo]
	@$(RUN) tradestream risk what-if --limits=$(call given,file) $(call option,run,of)

.PHONY: data
data: install ## Trades of a venue as files, for backtests: action=list, fetch market=kraken pairs= from= [to=], import file=FILE [market= pair=], or repair [data=data/trades]
	@$(RUN) tradestream data $(action) $(call option,data,folder) $(if $(filter fetch,$(action)),$(call option,pairs) $(call option,from) \
		$(call option,to) $(call option,market,exchange)) $(if $(filter repair,$(action)),$(call option,pairs)) \
		$(if $(filter import,$(action)),$(call option,market,exchange) $(call option,pair) -- $(call given,file))

#: Where bars come from: all that was named, since two of them are refused; else the demo, or what a cluster has.
NAMED_BARS = $(strip $(call option,bars) $(call option,trades) $(call option,run) $(call option,store,from-store))
OF_BARS = $(or $(NAMED_BARS),$(if $(filter cluster,$(where)),,--run=runs/demo))
#: A study, here or as a Job of the cluster, with an image of the present code unless one is named.
study = $(if $(filter cluster,$(where)),\
	deployments/study.py --only-check -- $(1) &&\
	$(if $(registry)$(tag),,$(MAKE) --no-print-directory build service=study && )\
	deployments/study.py --env $(env) --registry "$(registry)" --tag "$(tag)" --timeout $(timeout) -- $(1),\
	$(if $(DRIVER_OF_STORE),$(DRIVER_OF_STORE) && )$(RUN) tradestream $(1))

.PHONY: backtest
backtest: install ## Run a strategy over bars: strategy=FILE.py|NAME [run=runs/demo | bars=FILE | trades=FILE | store=ADDRESS] [models=FOLDER pairs= from= to= interval=1m accounts= balance= fee_bps= out=runs/backtest replace=yes where=cluster]
	@$(call study,backtest $(call option,models) $(OF_STRATEGY))

# Words with what a search and the other judges of strategies are told of bars, accounts and costs.
OF_STRATEGY = $(call option,strategy) $(OF_BARS) $(call option,interval) $(call option,pairs) \
	$(call option,from) $(call option,to) $(call option,accounts) $(call option,balance) $(call option,fee_bps,fee-bps) \
	$(call option,out) $(REPLACE)
OF_SEARCH = $(foreach name,$(value ranges),--range=$(call quoted,$(name))) $(call option,objective) $(call option,least_trades,least-trades) \
	$(call option,trials) $(call option,seed)

.PHONY: optimise
optimise: EXTRA = search
optimise: install ## Search a strategy's parameters, exits and sizes: strategy=FILE.py|NAME [run=runs/demo | bars=FILE | trades=FILE | store=ADDRESS] [ranges=RANGES objective=sharpe|return|calmar least_trades=20 trials=100 seed=7 models=FOLDER pairs= from= to= accounts= balance= fee_bps= out=runs/optimise replace=yes where=cluster]
	@$(call study,optimise $(OF_STRATEGY) $(OF_SEARCH) $(call option,models))

.PHONY: luck
luck: EXTRA =
luck: install ## Tell a strategy's edge from luck: strategy=FILE.py|NAME [run=runs/demo | bars=FILE | trades=FILE | store=ADDRESS] [winner=runs/optimise markets=20 seed=7 models=FOLDER pairs= from= to= accounts= balance= fee_bps= out=runs/luck replace=yes where=cluster]
	@$(call study,luck $(OF_STRATEGY) $(call option,models) $(call option,winner) $(call option,markets) $(call option,seed))

.PHONY: walk-forward
walk-forward: EXTRA = search
walk-forward: install ## Search on what was, try on what came next, again and again: strategy=FILE.py|NAME [run=runs/demo | bars=FILE | trades=FILE | store=ADDRESS] [folds=5 first=0.5 window=rolling|anchored embargo=1 model=KIND|published horizon=5 ranges=RANGES objective=sharpe|return|calmar least_trades=20 trials=100 seed=7 pairs= from= to= accounts= balance= fee_bps= out=runs/walk-forward replace=yes where=cluster]
	@$(call study,walk-forward $(OF_STRATEGY) $(OF_SEARCH) $(call option,models) $(call option,folds) $(call option,first) $(call option,window) \
		$(call option,embargo) $(if $(filter command%,$(origin model)),$(call option,model)) $(call option,horizon))

.PHONY: bias
bias: EXTRA =
bias: install ## Ask strategies whether they look ahead or depend on their start: all that come along [file=FILE.py run=FOLDER bars=FILE pair=]
	@$(RUN) tradestream strategy bias $(call option,run) $(call option,bars) $(call option,pair) $(if $(value file),-- $(call given,file))

.PHONY: compare
compare: EXTRA =
compare: two-runs install ## Two runs side by side on one page: run=FOLDER against=FOLDER [out=runs/compare.html]
	@$(RUN) tradestream compare $(call option,out) -- $(call given,run) $(call given,against)

.PHONY: two-runs
two-runs:
	@test -n $(call given,run) -a -n $(call given,against) || { echo "make compare needs run= and against=, two folders"; exit 2; }

.PHONY: file-of-limits
file-of-limits:
	@test -n $(call given,file) || { echo "make what-if needs file=, a TOML file of limits"; exit 2; }

.PHONY: file-of-strategy
file-of-strategy:
	@test -n $(call given,file) || { echo "make strategy-check needs file=, a strategy's Python file"; exit 2; }

.PHONY: mlflow
mlflow: port = 5000
# In an environment of its own, with the packages of the server's image: what trains and serves needs none of them.
# Through a link, because MLflow takes `?`, `%` and `#` in the name of a folder for something else.
mlflow: $(filter .tools%,$(UV)) ## MLflow's pages about a run's trainings and models, until Ctrl-C [run=runs/demo port=5000]
	@registry=$(call quoted,$(or $(value run),runs/demo))/work/mlflow.db; \
	[ -f "$$registry" ] || { echo "make mlflow needs run=, the folder of a run that has a model: there is no $$registry"; exit 2; }; \
	link=$$(mktemp -d); trap 'rm -r "$$link"' EXIT; ln -s "$$(realpath "$$registry")" "$$link/mlflow.db"; \
	echo "http://127.0.0.1:$(port) shows $$registry; the first time MLflow's server is installed, about 200 MB"; \
	MLFLOW_DISABLE_TELEMETRY=true $(UV) run --quiet --no-project --isolated --with-requirements docker/mlflow.requirements.txt \
		mlflow server --backend-store-uri "sqlite:///$$link/mlflow.db" --host 127.0.0.1 --port $(port) --workers 1

.PHONY: service-is-known
service-is-known:
	@case " $(SERVICES) " in *" "$(call given,service)" "*) ;; *) \
		echo "make $(firstword $(MAKECMDGOALS)) needs service=, one of: $(SERVICES) (was '"$(call given,service)"')"; exit 2;; esac

.PHONY: pair-is-named
pair-is-named:
	@test -n $(call given,pair) || { echo "make $(firstword $(MAKECMDGOALS)) needs pair=, such as pair=ETH/USD"; exit 2; }

.PHONY: file-is-named
file-is-named:
	@test -n $(call given,file) || { echo "make replay needs file=, a file of recorded trades (out= and pair= may follow)"; exit 2; }
